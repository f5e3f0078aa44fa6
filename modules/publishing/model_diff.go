package publishing

import (
	"regexp"
	"strings"
	"unicode"
)

// Piece is a stretch of a text that stayed, went or came.
type Piece struct {
	Op   Op
	Text string
}

// apart gives the blanks before a piece, which no mark is put on, and the rest.
func (p Piece) apart() (blanks, text string) {
	text = strings.TrimLeftFunc(p.Text, unicode.IsSpace)
	return p.Text[:len(p.Text)-len(text)], text
}

// Op is what became of a piece.
type Op string

// What becomes of a piece.
const (
	Same    Op = ""
	Removed Op = "del"
	Added   Op = "ins"
)

var word = regexp.MustCompile(`\s*\S+|\s+$`)

// compare tells word by word what became of a text.
func compare(before, after string) []Piece {
	a, b := word.FindAllString(before, -1), word.FindAllString(after, -1)
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var p pieces
	p.add(Same, a[:head]...)
	p.middle(a[head:len(a)-tail], b[head:len(b)-tail])
	p.add(Same, a[len(a)-tail:]...)
	return p
}

type pieces []Piece

// add joins words to the piece before, if the same became of it.
func (p *pieces) add(op Op, words ...string) {
	for _, w := range words {
		if last := len(*p) - 1; last >= 0 && (*p)[last].Op == op {
			(*p)[last].Text += w
		} else {
			*p = append(*p, Piece{op, w})
		}
	}
}

// middle walks along the longest common words of two texts.
func (p *pieces) middle(a, b []string) {
	common := commonWords(a, b)
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			p.add(Same, a[i])
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			p.add(Removed, a[i])
			i++
		default:
			p.add(Added, b[j])
			j++
		}
	}
	p.add(Removed, a[i:]...)
	p.add(Added, b[j:]...)
}

// commonWords counts, for each pair of places, how many words the rests have in common.
func commonWords(a, b []string) [][]int {
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			} else {
				n[i][j] = max(n[i+1][j], n[i][j+1])
			}
		}
	}
	return n
}
