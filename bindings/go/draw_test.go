package mems

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"
)

// The ten blocks of 1000 bytes that the reference example has.
func TestTextOfTheReferenceExample(t *testing.T) {
	var segments []Segment
	addr := FirstAddr
	for node, blocks := range []int{4, 4, 2} {
		segments = append(segments, Segment{addr, pageSize, node, Node})
		end := addr + pageSize
		for range blocks {
			segments = append(segments, Segment{addr, 1000, node, Process})
			addr += 1000
		}
		segments = append(segments, Segment{addr, int64(end - addr), node, Hole})
		addr = end
	}
	var out strings.Builder
	if err := writeText(&out, segments); err != nil {
		t.Fatal(err)
	}
	const want = `MAIN[1000:5095] -> P[1000:1999] <-> P[2000:2999] <-> P[3000:3999] <-> P[4000:4999] <-> H[5000:5095] <-> NULL
MAIN[5096:9191] -> P[5096:6095] <-> P[6096:7095] <-> P[7096:8095] <-> P[8096:9095] <-> H[9096:9191] <-> NULL
MAIN[9192:13287] -> P[9192:10191] <-> P[10192:11191] <-> H[11192:13287] <-> NULL
Page used: 3
Space unused: 2288
Main Chain Length: 3
Sub-chain Length array: [5, 5, 3]
`
	if out.String() != want {
		t.Errorf("it is\n%s", out.String())
	}
}

func TestTextOfAnEmptySpace(t *testing.T) {
	var out strings.Builder
	if err := writeText(&out, nil); err != nil {
		t.Fatal(err)
	}
	const want = "Page used: 0\nSpace unused: 0\nMain Chain Length: 0\n" +
		"Sub-chain Length array: []\n"
	if out.String() != want {
		t.Errorf("it is\n%s", out.String())
	}
}

func TestTextOfASpace(t *testing.T) {
	s := openSpace(t)
	addr := Must(s.Alloc(1000))
	var out strings.Builder
	if err := s.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MAIN[1000:66535] -> P[", " <-> NULL\n",
		"P[" + decimal(int64(addr)) + ":" + decimal(int64(addr+1007)) + "] <->",
		"\nPage used: 16\n", "\nMain Chain Length: 1\n",
		"\nSpace unused: " + decimal(s.Stats().Unused) + "\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestJSON(t *testing.T) {
	s := openSpace(t)
	for range 10 {
		_ = Must(s.Alloc(1000))
	}
	var out bytes.Buffer
	if err := s.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Space map[string]any
		Chain []struct {
			First, Last Addr
			Segments    [][3]any
		}
	}
	if err := json.Unmarshal(out.Bytes(), &read); err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	stats := s.Stats()
	for name, want := range map[string]any{
		"blocks": float64(stats.Blocks), "used": float64(stats.Used),
		"allocations": float64(stats.Allocations), "granule": 16.0,
		"maximum": float64(stats.Maximum), "policy": "good fit",
	} {
		if read.Space[name] != want {
			t.Errorf("%s is %v, not %v", name, read.Space[name], want)
		}
	}
	if len(read.Space) != 20 {
		t.Errorf("%d counts", len(read.Space))
	}
	var segments []Segment
	for i, node := range read.Chain {
		segments = append(segments,
			Segment{node.First, int64(node.Last - node.First + 1), i, Node})
		for _, s := range node.Segments {
			kind := Process
			if s[0] == "H" {
				kind = Hole
			}
			segments = append(segments, Segment{Addr(s[1].(float64)),
				int64(s[2].(float64) - s[1].(float64) + 1), i, kind})
		}
	}
	if !slices.Equal(segments, slices.Collect(s.Segments())) {
		t.Errorf("other segments: %v", segments)
	}
}

// pictures are spaces of all forms that are drawn.
func pictures(t *testing.T) map[string]*Space {
	list := make(map[string]*Space)
	s := openSpace(t)
	for range 10 {
		_ = Must(s.Alloc(1000))
	}
	list["classic"] = s
	s = Must(NewSpace(Maximum(64 << 20)))
	mixed := s
	t.Cleanup(func() { _ = mixed.Close() })
	random := rand.New(rand.NewSource(1))
	var live []Addr
	for len(live) < 150 {
		live = append(live, Must(s.Alloc(1+random.Intn(4000))))
		if random.Intn(3) == 0 {
			i := random.Intn(len(live))
			_ = s.Free(live[i])
			live[i] = live[len(live)-1]
			live = live[:len(live)-1]
		}
	}
	_ = Must(s.Alloc(1 << 20))
	list["mixed"] = s
	s = Must(NewSpace(Maximum(64 << 20)))
	t.Cleanup(func() { _ = s.Close() })
	live = nil
	for range 20000 {
		live = append(live, Must(s.Alloc(1+random.Intn(1000))))
	}
	for i, addr := range live {
		if random.Intn(20000) > i {
			_ = s.Free(addr)
		}
	}
	list["large"] = s
	return list
}

func TestSVG(t *testing.T) {
	for name, s := range pictures(t) {
		var out bytes.Buffer
		if err := s.WriteSVG(&out); err != nil {
			t.Fatal(err)
		}
		if out.Len() > 300<<10 {
			t.Errorf("%s: a picture of %d bytes", name, out.Len())
		}
		// It is left where somebody wants to see it.
		if dir := os.Getenv("MEMS_PICTURES"); dir != "" {
			_ = os.WriteFile(dir+"/"+name+".svg", out.Bytes(), 0o666)
		}
		titles, last := 0, Segment{}
		for segment := range s.Segments() {
			last = segment
			if segment.Kind != Node {
				titles++
			}
		}
		text := out.String()
		if name == "classic" || name == "mixed" {
			if got := strings.Count(text, "<title>PROCESS") +
				strings.Count(text, "<title>HOLE"); got < titles {
				t.Errorf("%s: %d of %d segments", name, got, titles)
			}
		}
		if name == "large" && !strings.Contains(text, "a cell is") {
			t.Errorf("%s is no map", name)
		}
		if end := last.last(); !strings.Contains(text, ":"+decimal(int64(end))+"]") {
			t.Errorf("%s does not end at %d", name, end)
		}
		reader := xml.NewDecoder(&out)
		for {
			token, err := reader.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if element, ok := token.(xml.StartElement); ok {
				for _, a := range element.Attr {
					if strings.ContainsAny(a.Value, "%()!") ||
						strings.Contains(a.Value, "NaN") {
						t.Fatalf("%s: %s is %q", name, a.Name.Local, a.Value)
					}
				}
			}
		}
	}
}

func decimal(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

func TestSVGOfManyNodes(t *testing.T) {
	var out strings.Builder
	if err := writeSVG(&out, nil, SpaceStats{}); err != nil ||
		!strings.Contains(out.String(), "The main chain is empty") {
		t.Error("the picture of nothing", err)
	}
	// Small ones beside a large one are shown wider; of very many there is
	// a map.
	for _, nodes := range []int{3, 41, 5000} {
		var segments []Segment
		addr := FirstAddr
		for i := range nodes {
			size := int64(pageSize << (6 * (i % 2)))
			segments = append(segments, Segment{addr, size, i, Node},
				Segment{addr, size / 2, i, Hole},
				Segment{addr + Addr(size/2), size / 2, i, Process})
			addr += Addr(size)
		}
		out.Reset()
		if err := writeSVG(&out, segments, SpaceStats{}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "times wider"); got != (nodes < drawRows) {
			t.Errorf("%d nodes, wider: %v", nodes, got)
		}
		if got := strings.Contains(out.String(), "a node begins"); got != (nodes == 41) {
			t.Errorf("%d nodes, marked: %v", nodes, got)
		}
	}
}

// full takes so many bytes.
type full int

var errFull = errors.New("full")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > int(*f) {
		return 0, errFull
	}
	*f -= full(len(b))
	return len(b), nil
}

func TestWritersErrorsAreHandedOn(t *testing.T) {
	for name, s := range pictures(t) {
		for what, write := range map[string]func(io.Writer) error{
			"text": s.WriteText, "JSON": s.WriteJSON, "SVG": s.WriteSVG,
		} {
			var none full
			if err := write(&none); err != errFull {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
		some := full(500)
		if err := s.WriteSVG(&some); err != errFull {
			t.Errorf("%s: %v", name, err)
		}
		_ = s.Close()
		if s.WriteText(io.Discard) != ErrClosed ||
			s.WriteJSON(io.Discard) != ErrClosed ||
			s.WriteSVG(io.Discard) != ErrClosed {
			t.Errorf("%s is closed", name)
		}
	}
}

func TestBytesForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1: "1 byte",
		16383: "16383 bytes", 16384: "16.0 KiB", 1 << 20: "1.0 MiB",
		64 << 30: "64.0 GiB"} {
		if got := ofBytes(n); got != want {
			t.Errorf("%d is %s, not %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 holes", 1: "1 hole",
		999: "999 holes", 1000: "1,000 holes", 1234567: "1,234,567 holes"} {
		if got := counted(n, "hole"); got != want {
			t.Errorf("%d is %s, not %s", n, got, want)
		}
	}
}
