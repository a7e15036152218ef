// Writes functions.tsv: functions of package math, their arguments and what they give, as bits in hexadecimal.
package main

import (
	"fmt"
	"math"
	"math/rand"
)

func main() {
	random := rand.New(rand.NewSource(1))
	special := []float64{
		0, math.Copysign(0, -1), 1, -1, 0.5, -0.5, 2, -2, 3, 10, 100, -100, math.Inf(1), math.Inf(-1), math.NaN(),
		5e-324, -5e-324, 2.2250738585072014e-308, 1e-310, math.MaxFloat64, -math.MaxFloat64, 1e-9, -1e-9, 1e-17, 0.66, 0.7,
		0.625, 0.41421356237309503, -0.2928932188134525, 0.3, 21, 21.5, 22, 44, 44.1, 709, 709.782712893384, 709.79, -708, -720,
		-745, -746, -1e4, 1 << 28, 1<<28 + 1, 1 << 29, 1 << 30, 1e15, 1e16, 1e22, 1e300, math.Pi, math.Pi / 2, math.Pi / 4,
		math.E, math.Sqrt2, 2.414213562373095, 2.5, 4503599627370497, 9007199254740993, 1766361600.279, 1 - 1e-16, 1 + 1e-15,
	}
	arguments := func() []float64 {
		list := append([]float64{}, special...)
		for i := 0; i < 150; i++ {
			switch i % 5 {
			case 0:
				list = append(list, random.NormFloat64())
			case 1:
				list = append(list, random.NormFloat64()*40)
			case 2:
				list = append(list, random.NormFloat64()*1e6)
			case 3:
				list = append(list, 1+random.NormFloat64()*1e-3)
			case 4:
				list = append(list, math.Exp(random.NormFloat64()*60))
			}
		}
		return list
	}
	bits := func(v float64) string {
		if math.IsNaN(v) {
			return "7ff8000000000001"
		}
		return fmt.Sprintf("%016x", math.Float64bits(v))
	}
	functions := []struct {
		name string
		of   func(float64) float64
	}{
		{"Acos", math.Acos}, {"Acosh", math.Acosh}, {"Asin", math.Asin}, {"Asinh", math.Asinh}, {"Atan", math.Atan},
		{"Atanh", math.Atanh}, {"Cos", math.Cos}, {"Cosh", math.Cosh}, {"Exp", math.Exp}, {"Log", math.Log},
		{"Log10", math.Log10}, {"Log1p", math.Log1p}, {"Log2", math.Log2}, {"Sin", math.Sin}, {"Sinh", math.Sinh},
		{"Tan", math.Tan}, {"Tanh", math.Tanh},
	}
	for _, function := range functions {
		for _, x := range arguments() {
			fmt.Printf("%s\t%s\t%s\n", function.name, bits(x), bits(function.of(x)))
		}
	}
	both := []struct {
		name string
		of   func(float64, float64) float64
	}{{"Pow", math.Pow}, {"Atan2", math.Atan2}}
	for _, function := range both {
		for _, x := range special[:24] {
			for _, y := range []float64{0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 0.3, -1.7, 1e300, -1e300, math.Inf(1), math.Inf(-1), math.NaN()} {
				fmt.Printf("%s\t%s\t%s\t%s\n", function.name, bits(x), bits(y), bits(function.of(x, y)))
			}
		}
		for _, x := range arguments() {
			y := random.NormFloat64() * 20
			fmt.Printf("%s\t%s\t%s\t%s\n", function.name, bits(x), bits(y), bits(function.of(x, y)))
		}
	}
}
