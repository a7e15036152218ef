// Writes damaged.tsv: small inputs in every format, whole and damaged, and what Go makes of them.
package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
)

const text = "# TYPE up gauge\nup{job=\"a\"} 1\nup{job=\"b\"} 1\nup{job=\"c\"} 0\n"

var (
	zstdReader, _ = zstd.NewReader(nil)
	zstdWriter, _ = zstd.NewWriter(nil)
)

var decoders = map[string]func([]byte) ([]byte, error){
	"gzip": func(b []byte) ([]byte, error) {
		r, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	},
	"deflate": func(b []byte) ([]byte, error) {
		r, err := zlib.NewReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	},
	"snappy":          func(b []byte) ([]byte, error) { return snappy.Decode(nil, b) },
	"zstd":            func(b []byte) ([]byte, error) { return zstdReader.DecodeAll(b, nil) },
	"x-snappy-framed": func(b []byte) ([]byte, error) { return io.ReadAll(snappy.NewReader(bytes.NewReader(b))) },
}

func main() {
	file, err := os.Create("damaged.tsv")
	if err != nil {
		panic(err)
	}
	defer file.Close()
	random := rand.New(rand.NewSource(1))

	full := gz(gzip.Header{Name: "up", Comment: "of three", Extra: []byte("extra")})
	// Go reads the checksum of the header and does not write it; the one here is wrong.
	checked := append([]byte(nil), full...)
	checked[3] |= 2
	bases := []struct {
		format string
		inputs [][]byte
	}{
		{"gzip", [][]byte{
			gz(gzip.Header{}), full, checked, append(gz(gzip.Header{}), full...),
			gz(gzip.Header{Name: strings.Repeat("n", 511)}), withName(510), withName(511), withName(512), withName(513),
		}},
		{"deflate", [][]byte{zz()}},
		{"snappy", [][]byte{
			snappy.Encode(nil, []byte(text)), snappy.Encode(nil, []byte(strings.Repeat("a", 300))), {0},
			{0x80, 0x80, 0x80, 0x80, 0x10}, {0xff, 0xff, 0xff, 0xff, 0x0f}, {0x81, 0x80, 0x00, 0x00, 'a'},
		}},
		{"zstd", [][]byte{
			zstdWriter.EncodeAll([]byte(text), nil), zstdWriter.EncodeAll([]byte(strings.Repeat("a", 300)), nil),
		}},
		{"x-snappy-framed", [][]byte{sz(text), sz(strings.Repeat("a", 300)), sz("abc"), sz("")}},
	}
	seen := map[string]bool{}
	for _, base := range bases {
		line := func(b []byte) {
			if key := base.format + string(b); !seen[key] {
				seen[key] = true
				fmt.Fprintf(file, "%s\t%s\t%s\n", base.format, hex.EncodeToString(b), outcome(base.format, b))
			}
		}
		for _, input := range base.inputs {
			line(input)
		}
		for _, input := range base.inputs[:min(len(base.inputs), 4)] {
			for cut := 0; cut < len(input); cut += 1 + random.Intn(4) {
				line(input[:cut])
			}
			line(append(append([]byte(nil), input...), 0))
			line(append(append([]byte(nil), input...), input...))
			for i := 0; i < 60 && len(input) > 0; i++ {
				b := append([]byte(nil), input...)
				at := random.Intn(len(b))
				switch random.Intn(3) {
				case 0:
					b[at] = byte(random.Intn(256))
				case 1:
					b[at] ^= 1 << random.Intn(8)
				case 2:
					b = append(b[:at], b[at+1:]...)
				}
				line(b)
			}
		}
	}
	// Chunks of a snappy stream that no encoder of Go writes, after its identifier.
	for _, chunk := range []string{
		"02000000", "7f000000", "80000000", "fe030000616263", "fe03000061", "fd000001", "ff060000734e61507059", "ff06000000000000000000",
		"0003000000000000", "01030000000000", "0104000000000000", "0104000000000001", "feca2a01", "fecb2a01",
	} {
		b, _ := hex.DecodeString("ff060000734e61507059" + chunk)
		fmt.Fprintf(file, "x-snappy-framed\t%s\t%s\n", hex.EncodeToString(b), outcome("x-snappy-framed", b))
	}
}

func outcome(format string, input []byte) string {
	output, err := decoders[format](input)
	if err != nil {
		return "error: " + err.Error()
	}
	return hex.EncodeToString(output)
}

func gz(header gzip.Header) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Header.Name, w.Header.Comment, w.Header.Extra = header.Name, header.Comment, header.Extra
	io.WriteString(w, text)
	w.Close()
	return out.Bytes()
}

// withName puts a name of any length into a header, also one that Go would not read.
func withName(length int) []byte {
	b := gz(gzip.Header{})
	b[3] |= 8
	name := strings.Repeat("n", length) + "\x00"
	return append(append(append([]byte(nil), b[:10]...), name...), b[10:]...)
}

func zz() []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	io.WriteString(w, text)
	w.Close()
	return out.Bytes()
}

func sz(text string) []byte {
	var out bytes.Buffer
	w := snappy.NewBufferedWriter(&out)
	io.WriteString(w, text)
	w.Close()
	return out.Bytes()
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
