// Prints the golden table of float texts: `go run float.go > ../float.tsv` (made with Go 1.19).
package main

import (
	"bufio"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strconv"
)

// The JSON form of Prometheus' API is the 'f' form between these limits and the 'e' form outside of them.
func json(v float64) string {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	seen := map[uint64]bool{}
	row := func(v float64) {
		bits := math.Float64bits(v)
		if seen[bits] {
			return
		}
		seen[bits] = true
		fmt.Fprintf(out, "%016x", bits)
		for _, format := range []byte{'f', 'g', 'e'} {
			fmt.Fprintf(out, "\t%s", strconv.FormatFloat(v, format, -1, 64))
		}
		fmt.Fprintf(out, "\t%s\n", json(v))
	}
	both := func(v float64) { row(v); row(-v) }

	for _, v := range []float64{0, math.NaN(), math.Inf(1), math.MaxFloat64, math.SmallestNonzeroFloat64,
		2.2250738585072014e-308, 2.225073858507201e-308, math.Pi, math.E, 1.0 / 3, 2.0 / 3, 0.1 + 0.2, 5e-324, 1e23, 9007199254740993} {
		both(v)
	}
	// Every change of form, and its neighbours.
	for e := -12; e <= 24; e++ {
		v, _ := strconv.ParseFloat(fmt.Sprintf("1e%d", e), 64)
		for _, x := range []float64{v, math.Nextafter(v, 0), math.Nextafter(v, math.Inf(1)), 2 * v, 9.5 * v, 12345678 * v} {
			row(x)
		}
	}
	// Powers of two: the gap below is half the gap above, and some lie halfway between two shortest candidates.
	for e := -1074; e <= 1023; e += 3 {
		if e < -120 && e%4 != 0 || e > 120 && e%8 != 0 {
			continue
		}
		row(math.Ldexp(1, e))
	}
	// Values halfway between two candidates of 17 digits: Go takes the one with the even last digit.
	for i := 0; i < 40; i++ {
		row(float64(uint64(1)<<52+uint64(i)*112233445566) / 4)
		row(float64(uint64(1)<<53-1-uint64(i)*112233445566) / 4)
	}
	for _, e := range []int{-44, -24, 89, 122, 956} {
		row(math.Ldexp(1, e))
	}
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 80; i++ {
		both(math.Float64frombits(random.Uint64()))
	}
	for i := 0; i < 300; i++ {
		row(float64(random.Int63n(1 << uint(1+random.Intn(62)))))                  // counters
		row(float64(random.Intn(1000000)) / math.Pow(10, float64(random.Intn(7)))) // readings
		row(random.NormFloat64() * math.Pow(2, float64(random.Intn(60)-30)))       // results
		row(float64(1600000000000+random.Int63n(400000000000)) / 1000)             // timestamps
	}
}
