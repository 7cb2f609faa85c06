// Memsvet finds, when a program is built, types with pointers that it wants to
// have off the heap of Go, where mems would refuse them when it runs:
//
//	memsvet ./...
//	go vet -vettool=$(which memsvet) ./...
package main

import (
	"os"
	"strings"

	"golang.org/x/tools/go/analysis/singlechecker"
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/libmems/libmems/bindings/go/memsvet/pointers"
)

func main() {
	if calledByVet(os.Args[1:]) {
		unitchecker.Main(pointers.Analyzer)
	}
	singlechecker.Main(pointers.Analyzer)
}

// calledByVet tells if go vet asks, which first wants to know the version and
// the flags, and then gives a file for each package.
func calledByVet(args []string) bool {
	if len(args) == 0 {
		return false
	}
	last := args[len(args)-1]
	return strings.HasSuffix(last, ".cfg") || last == "-V=full" ||
		last == "-flags"
}
