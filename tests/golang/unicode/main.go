// SPDX-License-Identifier: Apache-2.0

// Prints src/gotemplate/unicode_tables.inc: what Go's unicode and strconv packages say of each
// code point, as sorted ranges.
//
//	go run ./unicode > ../../src/gotemplate/unicode_tables.inc
package main

import (
	"fmt"
	"strconv"
	"unicode"
)

func ranges(name string, has func(rune) bool) {
	fmt.Printf("\nconstexpr CodePoints %s[] = {", name)
	column := 0
	for first := rune(0); first <= unicode.MaxRune; first++ {
		if !has(first) {
			continue
		}
		last := first
		for last < unicode.MaxRune && has(last+1) {
			last++
		}
		if column++; column%5 == 1 {
			fmt.Printf("\n   ")
		}
		fmt.Printf(" {0x%x, 0x%x},", first, last)
		first = last
	}
	fmt.Printf("\n};\n")
}

// A run of code points, each or every second one of them, that map by adding the same number.
func mapping(name string, to func(rune) rune) {
	fmt.Printf("\nconstexpr CaseRange %s[] = {", name)
	column := 0
	for first := rune(0x80); first <= unicode.MaxRune; first++ {
		shift := to(first) - first
		if shift == 0 {
			continue
		}
		step, last := rune(1), first
		if to(first+1) == first+1 && to(first+2)-(first+2) == shift {
			step = 2
		}
		for last+step <= unicode.MaxRune && to(last+step)-(last+step) == shift &&
			(step == 1 || to(last+1) == last+1) {
			last += step
		}
		if column++; column%4 == 1 {
			fmt.Printf("\n   ")
		}
		fmt.Printf(" {0x%x, 0x%x, %d, %d},", first, last, step, shift)
		first = last
	}
	fmt.Printf("\n};\n")
}

func main() {
	fmt.Printf("// SPDX-License-Identifier: Apache-2.0\n")
	fmt.Printf("// Unicode %s, printed by tests/golang/unicode. Not to be edited.\n", unicode.Version)
	ranges("letters", unicode.IsLetter)
	ranges("digits", unicode.IsDigit)
	ranges("printable_points", strconv.IsPrint)
	mapping("upper_case", unicode.ToUpper)
	mapping("lower_case", unicode.ToLower)
	mapping("title_case", unicode.ToTitle)
}
