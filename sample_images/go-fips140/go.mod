module example.test/go-fips140

go 1.27
