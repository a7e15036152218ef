// Prints the golden table of quoted texts: `go run quote.go > ../quote.tsv` (made with Go 1.19).
//
// Its Unicode is 13.0, so the table has no character that became printable since then.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"unicode/utf8"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	row := func(text string) { fmt.Fprintf(out, "%x\t%s\n", text, strconv.Quote(text)) }

	row("")
	for c := rune(0); c < 0x180; c++ {
		row("a" + string(c) + "b")
	}
	for _, c := range []rune{0x378, 0x3bb, 0x600, 0x65e5, 0x115f, 0x180e, 0x2000, 0x200b, 0x200d, 0x2028, 0x20ac, 0x2116, 0x3000,
		0xd7ff, 0xe000, 0xf8ff, 0xfdd0, 0xfe0f, 0xfeff, 0xfffc, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x1f600, 0x1f9ff, 0x20000, 0x2a6dd,
		0x3134a, 0xe0001, 0xe0100, 0xf0000, 0x10ffff} {
		row(string(c))
	}
	// Not UTF-8: lone, cut, overlong, surrogate and too large.
	for _, text := range []string{"\xff", "a\x80b", "\xc3", "\xe2\x82", "\xe2\x82a", "\xf0\x9f\x98", "\xf0\x9f\x98x\xf0", "\xc0\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xfe\xff", "\xe0\x9f\xbf", "\xc3\xa9\xc3"} {
		row(text)
	}
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 100; i++ {
		text := make([]byte, random.Intn(12))
		for j := range text {
			text[j] = "aB \"\\\n\t\x00\x7f\x80\xbf\xc2\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff"[random.Intn(22)]
		}
		if !utf8.Valid(text) || i%4 == 0 {
			row(string(text))
		}
	}
}
