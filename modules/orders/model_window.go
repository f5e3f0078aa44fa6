package orders

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Window is a part of a list of orders, newest first. The zero value is all of it.
type Window struct {
	before time.Time // when the last one before it was placed; zero: from the newest
	after  uuid.UUID // the part of that one
	limit  int       // 0: no end
}

// perPage is how many orders a page shows.
const perPage = 50

// mark stands for a part in the address of what comes after it.
func (p *Part) mark() string {
	return strconv.FormatInt(p.Order.PlacedAt.UnixMicro(), 10) + "." + p.ID.String()
}

// ParseWindow reads a mark, "" for the newest. Errors: Invalid for what is none, under the name of cursor.
func ParseWindow(mark string, limit int) (Window, error) {
	w := Window{limit: limit}
	if mark == "" {
		return w, nil
	}
	at, id, _ := strings.Cut(mark, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	part, wrong := uuid.Parse(id)
	if err != nil || wrong != nil || micros <= 0 || micros > time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() {
		var f problem.Fields
		f.Add("cursor", "api.cursor")
		return Window{}, f.Err()
	}
	w.before, w.after = time.UnixMicro(micros), part
	return w, nil
}
