// Package pointers finds types with pointers that a program gives to mems,
// which can have none: the garbage collector does not look off its own heap.
package pointers

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Analyzer looks at each instance of what is generic in mems. Where its type is
// itself a parameter, mems looks when the program runs.
var Analyzer = &analysis.Analyzer{
	Name: "memspointers",
	Doc: "find types with pointers that are to live off the heap of Go\n\n" +
		"mems.New[T], NewPool[T], Store[T] and so on take types without " +
		"pointers only.\nThe message tells the way to the first pointer.",
	URL: "https://pkg.go.dev/github.com/libmems/libmems/bindings/go/memsvet/pointers",
	Run: run,
}

const memsPath = "github.com/libmems/libmems/bindings/go"

// What is generic in mems and keeps no value of the type.
var keepsNone = map[string]bool{"Must": true, "CheckType": true}

func isMems(p *types.Package) bool {
	return p != nil && (p.Path() == memsPath ||
		strings.HasSuffix(p.Path(), "/vendor/"+memsPath))
}

func run(pass *analysis.Pass) (any, error) {
	var found []*ast.Ident
	for id := range pass.TypesInfo.Instances {
		object := pass.TypesInfo.Uses[id]
		if object != nil && isMems(object.Pkg()) && !keepsNone[object.Name()] {
			found = append(found, id)
		}
	}
	slices.SortFunc(found, func(a, b *ast.Ident) int {
		return int(a.Pos() - b.Pos())
	})
	name := types.RelativeTo(pass.Pkg)
	for _, id := range found {
		for t := range pass.TypesInfo.Instances[id].TypeArgs.Types() {
			path, what := toPointer(t, nil)
			if what == nil {
				continue
			}
			pass.ReportRangef(id, "mems.%s cannot have %s: %s%s is %s",
				id.Name, types.TypeString(t, name), nameOf(t, name), path,
				types.TypeString(what, name))
		}
	}
	return nil, nil
}

// nameOf is how the way to a pointer begins, as when mems tells it.
func nameOf(t types.Type, name types.Qualifier) string {
	if named, ok := types.Unalias(t).(*types.Named); ok {
		return named.Obj().Name()
	}
	return types.TypeString(t, name)
}

// toPointer is the way to the first pointer in a type, "" and nil if it has
// none, or none that can be told of.
func toPointer(t types.Type, within []types.Type) (string, types.Type) {
	if slices.Contains(within, t) {
		return "", nil // not a type that a program can have
	}
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return "", nil
	}
	within = append(within, t)
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch u.Kind() {
		case types.String, types.UnsafePointer:
			return "", t
		}
		return "", nil
	case *types.Array:
		if u.Len() == 0 {
			return "", nil
		}
		path, what := toPointer(u.Elem(), within)
		return "[]" + path, what
	case *types.Struct:
		for field := range u.Fields() {
			path, what := toPointer(field.Type(), within)
			if what != nil {
				return "." + field.Name() + path, what
			}
		}
		return "", nil
	}
	return "", t
}
