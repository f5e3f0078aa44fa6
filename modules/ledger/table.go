package ledger

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

// table is what a spreadsheet gets: every cell is text or an amount, and no text is taken for a formula.
type table struct {
	head []string
	rows [][]cell
}

// cell is one cell as it is written.
type cell string

// words is a cell of text. What a spreadsheet would take for a formula begins with an apostrophe instead.
func words(text string) cell {
	if strings.ContainsAny(firstOf(text), "=+-@|%\t\r\n＝＋－＠") {
		return cell("'" + text)
	}
	return cell(text)
}

// firstOf is the first character that is no space.
func firstOf(text string) string {
	for _, r := range strings.TrimLeft(text, " \u00a0\ufeff") {
		return string(r)
	}
	return ""
}

// amount is a cell of cents, as Italian spreadsheets read them: -1234,50.
func amount(cents int64) cell {
	sign, whole := "", uint64(cents)
	if cents < 0 {
		sign, whole = "-", uint64(-cents)
	}
	return cell(fmt.Sprintf("%s%d,%02d", sign, whole/100, whole%100))
}

func day(t time.Time) cell  { return cell(t.In(ui.Rome).Format("2006-01-02")) }
func hour(t time.Time) cell { return cell(t.In(ui.Rome).Format("15:04")) }

// csv writes the table with semicolons, and the mark by which spreadsheets know UTF-8.
func (t table) csv() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = ';', true
	if err := w.Write(t.head); err != nil {
		return nil, err
	}
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = string(c)
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func statementTable(p *ui.Page, v *MonthView) table {
	st := v.Statement
	t := table{head: []string{p.T("ledger.column.date"), p.T("ledger.column.time"), p.T("ledger.column.what"), p.T("ledger.column.about"), p.T("ledger.column.transfer"), p.T("ledger.column.cents"), p.T("ledger.column.balance")}}
	t.rows = append(t.rows, []cell{day(st.From), "", words(p.T("ledger.opening")), "", "", "", amount(st.Opening)})
	for _, l := range st.Lines {
		t.rows = append(t.rows, []cell{
			day(l.At), hour(l.At), words(lineName(p, l)), words(about(p, v.About, l).Text), cell(l.Transfer.String()), amount(l.Cents), amount(l.Balance),
		})
	}
	t.rows = append(t.rows, []cell{day(st.To.Add(-time.Second)), "", words(p.T("ledger.closing")), "", "", "", amount(st.Closing)})
	return t
}

func accountsTable(p *ui.Page, standings []Standing) table {
	t := table{head: []string{p.T("ledger.column.kind"), p.T("ledger.column.account"), p.T("ledger.column.balance")}}
	for _, st := range standings {
		t.rows = append(t.rows, []cell{words(p.T("ledger.kind." + string(st.Account.Kind))), words(accountName(p, st)), amount(st.Cents)})
	}
	t.rows = append(t.rows, []cell{words(p.T("ledger.sum")), "", amount(total(standings))})
	return t
}
