module github.com/libmems/libmems/bindings/go

go 1.24
