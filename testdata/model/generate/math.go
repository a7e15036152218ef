// Prints the golden table of logarithms and powers: `go run math.go > ../math.tsv`.
//
// A row is x, log2(x), y, 2^y, f, e (decimal) and f·2^e; all floats are bits in hexadecimal.
package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
)

func main() {
	rows := 320
	if len(os.Args) > 1 {
		rows, _ = strconv.Atoi(os.Args[1])
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	random := rand.New(rand.NewSource(1))
	for row := 0; row < rows; row++ {
		x := math.Float64frombits(random.Uint64())
		switch row % 3 {
		case 0:
			x = math.Exp(random.NormFloat64() * 5)
		case 1:
			x = random.Float64() * 2
		}
		y := random.NormFloat64() * 5
		if row%2 == 0 {
			y = random.NormFloat64() * 400
		}
		f := random.NormFloat64()
		if row%4 == 0 {
			f = math.Float64frombits(random.Uint64())
		}
		e := random.Intn(2300) - 1150
		bits := math.Float64bits
		fmt.Fprintf(out, "%016x\t%016x\t%016x\t%016x\t%016x\t%d\t%016x\n",
			bits(x), bits(math.Log2(x)), bits(y), bits(math.Exp2(y)), bits(f), e, bits(math.Ldexp(f, e)))
	}
}
