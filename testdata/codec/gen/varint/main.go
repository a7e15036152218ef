// Writes uvarint.tsv and varint.tsv.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand"
	"os"
)

func main() {
	random := rand.New(rand.NewSource(1))
	decode, err := os.Create("uvarint.tsv")
	if err != nil {
		panic(err)
	}
	defer decode.Close()
	line := func(b []byte) {
		value, n := binary.Uvarint(b)
		switch {
		case n > 0:
			fmt.Fprintf(decode, "%s\t%d\t%d\n", hex.EncodeToString(b), value, n)
		case n == 0:
			fmt.Fprintf(decode, "%s\tshort\t\n", hex.EncodeToString(b))
		default:
			fmt.Fprintf(decode, "%s\toverflow\t\n", hex.EncodeToString(b))
		}
	}
	// Every number of bytes with the top bit, every kind of last byte, with and without bytes after it.
	for tops := 0; tops <= 12; tops++ {
		for _, last := range []int{-1, 0, 1, 2, 0x7f} {
			for _, after := range []int{0, 1, 9} {
				var b []byte
				for i := 0; i < tops; i++ {
					b = append(b, byte(0x80|random.Intn(0x80)))
				}
				if last >= 0 {
					b = append(b, byte(last))
					for i := 0; i < after; i++ {
						b = append(b, byte(random.Intn(0x100)))
					}
				} else if after > 0 {
					continue
				}
				line(b)
			}
		}
	}
	// Encodings of zero that are longer than necessary.
	for tops := 0; tops <= 10; tops++ {
		b := make([]byte, tops+1)
		for i := 0; i < tops; i++ {
			b[i] = 0x80
		}
		line(b)
	}
	for i := 0; i < 100; i++ {
		b := make([]byte, random.Intn(14))
		random.Read(b)
		line(b)
	}

	encode, err := os.Create("varint.tsv")
	if err != nil {
		panic(err)
	}
	defer encode.Close()
	values := []int64{0, 1, -1, 63, 64, -64, -65, 15000, -15000, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	for shift := 0; shift < 64; shift++ {
		values = append(values, int64(1)<<shift, int64(1)<<shift-1, -(int64(1) << shift))
	}
	for _, value := range values {
		var signed, unsigned [binary.MaxVarintLen64]byte
		n, m := binary.PutVarint(signed[:], value), binary.PutUvarint(unsigned[:], uint64(value))
		fmt.Fprintf(encode, "%d\t%s\t%s\n", value, hex.EncodeToString(signed[:n]), hex.EncodeToString(unsigned[:m]))
	}
}
