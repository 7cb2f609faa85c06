package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const consumer = `package consumer

import mems "github.com/libmems/libmems/bindings/go"

type Item struct {
	ID   int
	Name string
}

type Order struct{ Items [3]Item }

func Make(a *mems.Arena) (*Order, error) { return mems.New[Order](a) }

func Good(a *mems.Arena) (*[4]int, error) { return mems.New[[4]int](a) }
`

// A project is looked at by the command, and by go vet, with mems as a module
// and vendored.
func TestCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds mems")
	}
	mems, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	tool := filepath.Join(dir, "memsvet.exe")
	run := func(dir string, args ...string) (string, error) {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
		text, err := cmd.CombinedOutput()
		return string(text), err
	}
	must := func(dir string, args ...string) {
		t.Helper()
		if text, err := run(dir, args...); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, text)
		}
	}
	must(".", "go", "build", "-o", tool, ".")
	project := filepath.Join(dir, "project")
	if err := os.Mkdir(project, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a.go": consumer,
		"go.mod": "module example.org/consumer\n\ngo 1.24\n\n" +
			"require github.com/libmems/libmems/bindings/go v0.0.0\n\n" +
			"replace github.com/libmems/libmems/bindings/go => " + mems + "\n",
	} {
		err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o666)
		if err != nil {
			t.Fatal(err)
		}
	}
	const want = "a.go:12:56: mems.New cannot have Order: " +
		"Order.Items[].Name is string\n"
	look := func() {
		t.Helper()
		for _, args := range [][]string{
			{tool, "./..."},
			{"go", "vet", "-vettool=" + tool, "./..."},
		} {
			text, err := run(project, args...)
			if err == nil || !strings.Contains(text, want) ||
				strings.Count(text, "cannot") != 1 {
				t.Errorf("%v: %v\n%s", args, err, text)
			}
		}
	}
	look()
	must(project, "go", "mod", "vendor")
	look()
}
