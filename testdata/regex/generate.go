// Generate writes what Go's regexp package says of many patterns: the expected values of promd-regex's tests.
// README.md in this folder describes the files and how to run it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

var (
	out        = flag.String("out", ".", "folder to write to")
	seed       = flag.Int64("seed", 1, "seed of all choices")
	soups      = flag.Int("soups", 2200, "patterns made of random pieces, most of them invalid")
	trees      = flag.Int("trees", 1800, "patterns made as random trees, all of them valid")
	haystacks  = flag.Int("haystacks", 3, "texts to search with each pattern")
	replaces   = flag.Int("replaces", 500, "replacements")
	maxPattern = flag.Int("max-pattern", 60, "longest pattern in bytes")
)

func main() {
	flag.Parse()
	random = rand.New(rand.NewSource(*seed))
	write("matches.tsv", matches)
	write("replacements.tsv", replacements)
	write("unicode.tsv", unicodeTables)
}

var random *rand.Rand

func write(name string, fill func(*bufio.Writer)) {
	file, err := os.Create(filepath.Join(*out, name))
	if err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriter(file)
	fill(w)
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
}

// quote makes text fit into one field: control characters, percent signs and bytes that are not UTF-8 become %XX.
func quote(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r < 0x20 || r == 0x7f || r == '%' || r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&b, "%%%02X", text[i])
		} else {
			b.WriteString(text[i : i+size])
		}
		i += size
	}
	return b.String()
}

func pick(from []string) string { return from[random.Intn(len(from))] }

// Patterns that random choice would hardly find.
var corners = []string{
	"", "a**", "a*?*", "a*+", "a+?", "a??", "a{1}{2}", "a{2}*?", "x{", "x{}", "x{,5}", "x{2", "x{2,", "x{2,1}", "x{2,3", "x{02}",
	"x{1000}", "x{1001}", "x{1000,}", "x{,}", "x{99999999999}", "x{1,99999999999}", "(x{100}){10}", "(x{100}){11}",
	"((x{10}){10}){10}", "((x{10}){10}){11}", "(x{0}){1000}", "((x{1000}){0}){1000}", "((x{1000}){0,}){1000}", "(x{600}){1,2}", "(x{0,}){1000}",
	"*", "+", "?", "(*)", "(|*)", "|*", "a|*", "(?i)*", "a(?i)*", "a*(?i)*", "^*", "$+", "\\b*", "(?:)*", "()*", "(?:)**", "{2}", "^{2}",
	"(", ")", "(a", "a)", "(?", "(?:", "(?i", "(?)", "(?-)", "(?i-)", "(?-i", "(?--i)", "(?i-s)", "(?is-mU:a)", "(?x)", "(?ii)", "(?i-i)A",
	"(?P", "(?P<", "(?P<n", "(?P<n>", "(?P<n>a", "(?P<n>a)", "(?P<>a)", "(?P<n m>a)", "(?P<0>a)", "(?P<n>a)(?P<n>b)", "(?P=n)", "(?P>n)",
	"(?'n'a)", "(?=a)", "(?!a)", "(?>a)", "(?#a)", "[", "[]", "[^", "[^]", "[]]", "[]a]", "[^]a]", "[a", "[a-", "[a-]", "[-a]", "[--a]", "[a--]",
	"[+--]", "[a-b-c]", "[b-a]", "[a-\\d]", "[\\d-a]", "[[a]", "[[:alpha:]]", "[[:^alpha:]]", "[^[:alpha:]]", "[[:alpha:]-z]", "[[:foo:]]",
	"[[:alpha]", "[[:", "[[::]]", "[:alpha:]", "[[:word:]]", "[[:^word:]]", "[a&&b]", "[a~~b]", "[a--b]", "[\\Qa\\E]", "[\\b]", "[\\x41-\\x43]",
	"[\\101]", "[\\pN]", "[^\\pN]", "[\\PN]", "[\\p{Greek}x]", "[^\\P{Greek}]", "[\\p{Foo}]", "[\\p", "[\\p{", "[\\pN-a]", "[\\x{10FFFF}]", "[^\\x00-\\x{10FFFF}]",
	"[\\x{D800}-\\x{DFFF}]", "[^\\x{D800}]", "\\x{D800}", "[\\x{D7FF}-\\x{E000}]", "[^\\n]", "[^a]", "(?i)[^k]", "(?i)[k]", "(?i)[[:lower:]]", "(?i)\\w", "(?i)\\W",
	"(?i)[\\W]", "(?i)[^\\W]", "(?i)\\p{Lu}", "(?i)\\P{Lu}", "(?i)[^\\P{Lu}]", "(?i)ſ", "(?i)K", "(?i)\\x{130}", "(?i)ß", "(?i)ǆ", "(?i)Σ",
	"\\", "a\\", "\\8", "\\1", "\\10", "\\18", "\\0", "\\00", "\\000", "\\0000", "\\377", "\\400", "\\777", "\\07", "\\x", "\\x4", "\\x41", "\\x4g", "\\xg", "\\x{",
	"\\x{}", "\\x{4", "\\x{41}", "\\x{41", "\\x{4g}", "\\x{110000}", "\\x{10FFFF}", "\\x{000000041}", "\\a\\f\\t\\n\\r\\v", "\\_", "\\-", "\\é", "\\ ", "\\<a\\>", "\\%",
	"\\A", "\\z", "\\Z", "\\b", "\\B", "\\C", "\\G", "\\K", "\\R", "\\X", "\\h", "\\d\\D", "\\s", "\\S", "\\w", "\\W", "\\e", "\\c", "\\u0041", "\\N", "\\Q", "\\Q\\E", "\\E",
	"\\Qa.b\\E.", "\\Qab\\E*", "a\\Q\\E*", "a*\\Q\\E*", "\\Qa", "\\Qa\\", "\\Q\\Qa\\E", "\\Qa\\Eb\\E", "(?i)\\Qk\\E", "\\p", "\\P", "\\pN", "\\PN", "\\pé", "\\p^", "\\p{", "\\p{N",
	"\\p{}", "\\p{^}", "\\p{N}", "\\p{^N}", "\\P{^N}", "\\p{Nd}", "\\p{Greek}", "\\p{Any}", "\\P{Any}", "\\p{Cs}", "\\P{Cs}", "\\p{Zl}", "\\p{sc=Greek}",
	"\xff", "a\xff", "[\xff]", "[a-\xff]", "\\\xff", "\\Q\xff\\E", "\\Q\xff\\Eb", "(?P<\xff>a)", "(?P<n\xff", "(?\xff)", "\\p{\xff}", "\\p{\xff", "\\p\xff", "[[:\xff:]]", "\\x\xff", "\\x{\xff}",
	"a**\xff", "(\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "�",
	"(|a)*", "(|a)+", "(a|)*", "(a|)+", "(a*)*", "(a*)+", "(a*?)*", "(a*)*?", "(a|b*)*", "(?:(a)|b)*", "(?:(a)|(b)|c)+", "(a?)*?", "(a??)*", "(^a|b)*", "(?:^|a)+", "(\\b|a)*", "(a){0}(b)",
	"(b)(a){0}", "(a){0}", "((a)|b){2}", "((a)|b){2,}", "(|a){2}", "(|a){2,}", "(a|){2,3}", "(?:a|ab)c|(?:a|ab)bcd", "x(?:a|ab)c|x(?:a|ab)bcd", "a*b|a*c", "(?:a?){3}a{3}",
	"ab|ac|ad", "abc|abd|ab", "a|ab|abc", "(?U)a*", "(?U)a*?", "(?U)a+b|a?", "(?U)a{1,2}", "(?s).", "(?s:.)\\n", ".", "(?-s).", "^", "$", "(?m)^", "(?m)$", "(?m)^$", "(?m)^a$", "^a$", "a^b", "a$b", "$^", "(?m)$^",
	"a(?i)b|c", "(a(?i)b)c", "(?i:a)b", "(?i)(?-i:a)b", "(?i)a(?-i)b", "a||b", "||", "(||)", "(?:|a|)b", "\\Ba\\B", "\\B", "é\\B", "\\bé", "(?i)k", "(?i)s", "(?i)[a-z]", "[À-ÿ]",
}

// Patterns with a text that tells a particular mistake.
var pinned = [][2]string{
	// What alternatives begin with may not be lifted out if it can match in several ways.
	{"(?:a|ab)c|(?:a|ab)bcd", "abcd"}, {"x(?:a|ab)c|x(?:a|ab)bcd", "xabcd"}, {"a*?b|a*?ab", "aab"}, {"a{1,2}?c|a{1,2}?ac", "aac"},
	// An empty match may not lie within a character, nor hide a match that begins before it.
	{"(?U:(?i:[k-s]).|(?U:-|\\B))", "\u212aſ_"}, {"\\B", "é"}, {"\\B", "éé"}, {"é\\B", "éé"}, {".\\B|\\B", "éa"},
	// Empty matches and groups in loops.
	{"(|a)*", "aa"}, {"(|a)+", "aa"}, {"(a|)*", "aa"}, {"(a*)*", "b"}, {"(a*)+", "b"}, {"(a|b*)*", "ba"}, {"(?:(a)|b)*", "ab"}, {"(a?)*?b", "aab"}, {"(?:(a)|(b)|c)+", "abc"},
	{"((a)|b){2}", "ab"}, {"(a){0}(b)", "b"}, {"(b)(a){0}", "b"}, {"(|a){2,}", "aaa"}, {"(?:a?){3}a{3}", "aaa"},
	// Which end is preferred.
	{"a|ab|abc", "abc"}, {"abc|ab|a", "abc"}, {"(?U)a+b|a?", "aab"}, {"a{1,3}?", "aaa"}, {"(?U)a{1,3}?", "aaa"}, {"$", "a\n"}, {"(?m)^$", "a\n\nb"}, {"(?m)a$", "a\na"},
}

var soupPieces = []string{
	"a", "b", "c", "A", "é", "k", "ſ", "-", "1", "&", "~", " ", "\n", "<", ">", ",", ":", "=", "P", "i", "E",
	"(", "(", ")", ")", "(?:", "(?i)", "(?i:", "(?s)", "(?m)", "(?U)", "(?-s:", "(?P<n>", "(?P<", "(?", "[", "[", "]", "]", "[^", "-", "^", "$", ".", "*", "+", "?",
	"*?", "+?", "??", "{2}", "{1,}", "{0,2}", "{,3}", "{", "}", "{1001}", "|", "|", "\\d", "\\D", "\\w", "\\b", "\\B", "\\A", "\\z", "\\Q", "\\E", "\\pL", "\\p{Greek}",
	"\\PN", "\\p{^Lu}", "\\p", "\\x41", "\\x{e9}", "\\x{", "\\x", "\\101", "\\8", "\\C", "\\n", "\\", "[:alpha:]", "[[:^digit:]]", "[:", ":]", "\\.", "\\-", "&&", "--", "\xff",
}

func soup() string {
	var b strings.Builder
	for n := 1 + random.Intn(7); n > 0; n-- {
		b.WriteString(pick(soupPieces))
	}
	return b.String()
}

var (
	letters = []string{"a", "a", "b", "b", "c", "k", "S", "é", "\\.", "-"}
	sets    = []string{".", "(?s:.)", "[ab]", "[^a]", "[a-c]", "(?i:[k-s])", "\\w", "\\W", "\\d", "\\pL", "\\PL", "[[:upper:]]", "[^\\n]", "(?i:\\w)"}
	looks   = []string{"^", "$", "\\b", "\\B", "\\A", "\\z", "(?m:^)", "(?m:$)"}
	counts  = []string{"*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,3}?", "{2,}", "{0}", "{1}"}
	opens   = []string{"(", "(", "(?:", "(?i:", "(?s:", "(?U:", "(?P<n>", "(?P<m>"}
)

func tree(depth int) string {
	if depth == 0 {
		switch n := random.Intn(10); {
		case n < 6:
			return pick(letters)
		case n < 8:
			return pick(sets)
		case n < 9:
			return pick(looks)
		}
		return ""
	}
	switch random.Intn(4) {
	case 0:
		return tree(depth-1) + tree(depth-1)
	case 1:
		return pick(opens) + tree(depth-1) + "|" + tree(depth-1) + ")"
	case 2:
		return pick(opens) + tree(depth-1) + ")" + pick(counts)
	}
	return pick(opens) + tree(depth-1) + tree(depth-1) + ")"
}

var haystackPieces = []string{"a", "a", "b", "b", "c", "ab", "abc", "A", "B", "k", "K", "\u212a", "s", "S", "ſ", "é", "É", ".", "-", "1", "_", " ", "\n", "α", "x", "xx"}

func haystack() string {
	var b strings.Builder
	for n := random.Intn(8); n > 0; n-- {
		b.WriteString(pick(haystackPieces))
	}
	return b.String()
}

func spans(re *regexp.Regexp, text string) string {
	found := re.FindStringSubmatchIndex(text)
	if found == nil {
		return "-"
	}
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(found), " ", ","), "[]")
}

func matches(w *bufio.Writer) {
	seen := map[string]bool{}
	for _, pair := range pinned {
		re := regexp.MustCompile(pair[0])
		fmt.Fprintf(w, "%s\t%s\t%s\n", quote(pair[0]), quote(pair[1]), spans(re, pair[1]))
	}
	emit := func(pattern string) {
		// `(?<name>` is valid since Go 1.22, names of classes in any case since Go 1.25; promd-regex follows both.
		later := strings.Contains(pattern, "(?<") || strings.Contains(pattern, "\\pc")
		if seen[pattern] || len(pattern) > *maxPattern || later {
			return
		}
		seen[pattern] = true
		fmt.Fprint(w, quote(pattern))
		re, err := regexp.Compile(pattern)
		if err != nil {
			fmt.Fprintf(w, "\t!%s\n", quote(strings.TrimPrefix(err.Error(), "error parsing regexp: ")))
			return
		}
		for i := 0; i < *haystacks; i++ {
			text := haystack()
			fmt.Fprintf(w, "\t%s\t%s", quote(text), spans(re, text))
		}
		fmt.Fprintln(w)
	}
	for _, pattern := range corners {
		emit(pattern)
	}
	for i := 0; i < *soups; i++ {
		emit(soup())
	}
	for i := 0; i < *trees; i++ {
		emit(tree(1 + random.Intn(4)))
	}
}

var templates = []string{
	"", "x", "$0", "$1", "${1}", "$2", "$n", "${n}", "$m", "$nx", "${n}x", "$1x", "$01", "$10", "$$", "$$1", "$", "a$", "$-", "${", "${}", "${n", "${n-}", "$é", "$1é", "$_", "<$1|$2>", "$$$n", "$999999999", "$٣",
}

func replacements(w *bufio.Writer) {
	for i := 0; i < *replaces; {
		pattern := tree(1 + random.Intn(3))
		re, err := regexp.Compile(pattern)
		if err != nil || len(pattern) > *maxPattern {
			continue
		}
		text, template := haystack(), pick(templates)
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", quote(pattern), quote(text), quote(template), quote(re.ReplaceAllString(text, template)))
		i++
	}
}

func ranges(table *unicode.RangeTable) string {
	var b strings.Builder
	lo, hi := rune(-1), rune(-2)
	flush := func() {
		if lo >= 0 {
			fmt.Fprintf(&b, " %x", lo)
		}
		if hi > lo {
			fmt.Fprintf(&b, "-%x", hi)
		}
	}
	add := func(from, to, stride rune) {
		for r := from; r <= to; r += stride {
			if r == hi+1 {
				hi = r
				continue
			}
			flush()
			lo, hi = r, r
		}
	}
	for _, r := range table.R16 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	for _, r := range table.R32 {
		add(rune(r.Lo), rune(r.Hi), rune(r.Stride))
	}
	flush()
	return strings.TrimSpace(b.String())
}

func unicodeTables(w *bufio.Writer) {
	fmt.Fprintf(w, "version\t%s\n", unicode.Version)
	for _, tables := range []map[string]*unicode.RangeTable{unicode.Categories, unicode.Scripts} {
		var names []string
		for name := range tables {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			// One-letter categories are the unions of the others.
			if len(name) > 1 {
				fmt.Fprintf(w, "class\t%s\t%s\n", name, ranges(tables[name]))
			}
		}
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		var orbit []string
		for f := unicode.SimpleFold(r); f != r && f > r; f = unicode.SimpleFold(f) {
			orbit = append(orbit, fmt.Sprintf("%x", f))
		}
		least := true
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = least && f > r
		}
		if least && len(orbit) > 0 {
			fmt.Fprintf(w, "fold\t%x %s\n", r, strings.Join(orbit, " "))
		}
	}
}
