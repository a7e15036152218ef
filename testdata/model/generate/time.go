// Prints the golden table of times: `go run time.go > ../time.tsv` (made with Go 1.19).
//
// A row is either `parse`, a text and the milliseconds that `time.Parse` with `time.RFC3339Nano` reads it as, or `error`; or
// `print`, milliseconds, their `time.RFC3339Nano`, and the day of the week and of the year.
// More than nine digits of a fraction, and offsets above 24:60, are not among them: later versions of Go judge those otherwise.
package main

import (
	"bufio"
	"fmt"
	"math/rand"
	"os"
	"time"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	parse := func(text string) {
		if t, err := time.Parse(time.RFC3339Nano, text); err != nil {
			fmt.Fprintf(out, "parse\t%s\terror\n", text)
		} else {
			fmt.Fprintf(out, "parse\t%s\t%d\n", text, t.UnixMilli())
		}
	}
	print := func(millis int64) {
		t := time.UnixMilli(millis).UTC()
		fmt.Fprintf(out, "print\t%d\t%s\t%d\t%d\n", millis, t.Format(time.RFC3339Nano), t.Weekday(), t.YearDay())
	}

	for _, text := range []string{
		"", "2015-07-01T20:10:51Z", "2015-07-01T20:10:51.781Z", "2015-07-01T22:10:51.781+02:00", "2015-07-01T22:10:51-02:30", "0000-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999999Z", "2020-01-01T1:02:03Z", "2020-01-01T01:2:03Z", "2020-01-01T01:02:3Z", "2020-1-01T01:02:03Z", "2020-01-1T01:02:03Z",
		"2020-01-01T01:02:03,5Z", "2020-01-01T01:02:03.Z", "2020-01-01t01:02:03Z", "2020-01-01T01:02:03z",
		"2020-01-01 01:02:03Z", "2020-01-01T01:02:03", "2020-01-01T01:02:03+1:00", "2020-01-01T01:02:03+0100", "2020-01-01T01:02:03+01", "2020-01-01T01:02:03*01:00",
		"2020-01-01T01:02:03Z ", " 2020-01-01T01:02:03Z", "2020-02-30T00:00:00Z", "2020-02-29T00:00:00Z", "2021-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
		"2000-02-29T00:00:00Z", "2020-13-01T00:00:00Z", "2020-00-01T00:00:00Z", "2020-01-00T00:00:00Z", "2020-01-01T24:00:00Z", "2020-01-01T23:60:00Z",
		"2020-01-01T23:59:60Z", "+2020-01-01T00:00:00Z", "12020-01-01T00:00:00Z", "-2020-01-01T00:00:00Z", "20a0-01-01T00:00:00Z", "2020-01-01T01:02:03.0009-00:01",
		"2020-01-01T01:02:03.000999999Z", "1969-12-31T23:59:59.9999Z", "2020-01-01T01:02:03.5+24:00", "2020-01-01T01:02:03+00:59", "2020-01-01T01:02:03Z+01:00",
		"2020-04-31T00:00:00Z", "2020-12-31T00:00:00Z", "2020-01-01T010:02:03Z", "2020-01-01T:02:03Z", "2020-01-01", "2020-01-01T",
	} {
		parse(text)
	}
	for _, millis := range []int64{0, 1, 10, 100, 999, 1000, -1, -1000, 86399999, -62135596800000, -62167219200000, -62167219200001, 253402300799999,
		253402300800000, 951782400000, 951868800000, 4107542400000, 1<<53 - 1, -1 << 53, 9223309901257974999, -9223309901257974000} {
		print(millis)
	}
	random := rand.New(rand.NewSource(1))
	for i := 0; i < 200; i++ {
		print((random.Int63() - random.Int63()) >> uint(8+random.Intn(40)))
	}
}
