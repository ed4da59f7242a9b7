module example.test/go-tls-chacha

go 1.27
