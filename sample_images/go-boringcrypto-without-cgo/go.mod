module example.test/go-boringcrypto-without-cgo

go 1.27
