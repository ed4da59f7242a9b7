module example.test/no-crypto-go

go 1.27
