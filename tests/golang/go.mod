module skiff/tests/golang

go 1.19
