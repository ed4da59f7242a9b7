module example.test/go-boringcrypto

go 1.27
