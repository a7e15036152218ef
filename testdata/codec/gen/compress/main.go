// Writes text.*, the same text in every format.
package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"hash/crc32"
	"os"

	"github.com/golang/snappy"
	"github.com/klauspost/compress/zstd"
)

func main() {
	// Lines `metric{i="N"} N*N`, cut at 40 000 bytes.
	var text bytes.Buffer
	for i := 0; text.Len() < 40_000; i++ {
		fmt.Fprintf(&text, "metric{i=\"%d\"} %d\n", i, i*i)
	}
	input := text.Bytes()[:40_000]

	write("text.snappy", snappy.Encode(nil, input))
	var out bytes.Buffer
	stream := snappy.NewBufferedWriter(&out)
	stream.Write(input)
	stream.Close()
	write("text.sz", out.Bytes())

	// As Prometheus writes records of its WAL.
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	write("text.zst", encoder.EncodeAll(input, nil))
	out.Reset()
	// A stream tells no content size and has a window.
	encoder.Reset(&out)
	encoder.Write(input[:10_000])
	encoder.Flush()
	encoder.Write(input[10_000:])
	encoder.Close()
	write("text.stream.zst", out.Bytes())

	write("text.gz", gz(input, gzip.Header{}))
	write("text.two.gz", append(gz(input[:10_000], gzip.Header{}), gz(input[10_000:], gzip.Header{})...))
	full := gz(input, gzip.Header{Name: "text", Comment: "made by Go", Extra: []byte("extra")})
	// Go reads the checksum of the header and does not write it: put it in where the header ends.
	end := bytes.Index(full, []byte("made by Go\x00")) + len("made by Go\x00")
	full[3] |= 2
	crc := crc32.ChecksumIEEE(full[:end])
	full = append(full[:end:end], append([]byte{byte(crc), byte(crc >> 8)}, full[end:]...)...)
	if _, err := gzip.NewReader(bytes.NewReader(full)); err != nil {
		panic(err)
	}
	write("text.header.gz", full)

	out.Reset()
	z := zlib.NewWriter(&out)
	z.Write(input)
	z.Close()
	write("text.zz", out.Bytes())
}

func gz(input []byte, header gzip.Header) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Header.Name, w.Header.Comment, w.Header.Extra = header.Name, header.Comment, header.Extra
	w.Write(input)
	w.Close()
	return out.Bytes()
}

func write(name string, data []byte) {
	if err := os.WriteFile(name, data, 0o644); err != nil {
		panic(err)
	}
}
