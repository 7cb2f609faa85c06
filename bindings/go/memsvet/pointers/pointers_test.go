package pointers_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/libmems/libmems/bindings/go/memsvet/pointers"
)

func TestAnalyzer(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), pointers.Analyzer, "a")
}

// A project of GOPATH has what it depends on in a folder of its own.
func TestVendored(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), pointers.Analyzer, "vendored")
}
