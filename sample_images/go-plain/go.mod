module example.test/go-plain

go 1.27
