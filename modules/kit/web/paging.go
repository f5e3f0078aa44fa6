package web

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// ByID is the path of one thing; read it with Request.ID, which refuses what is no id as if it were not there.
type ByID struct {
	ID string `path:"id" doc:"UUID"`
}

// BySlug is the path of one thing that has a word in its address.
type BySlug struct {
	Slug string `path:"slug" doc:"The word in its address on the portal."`
}

// IfMatch names the state that a change is meant for.
type IfMatch struct {
	IfMatch string `header:"If-Match" required:"true" doc:"The ETag, as it was last read: a change meant for another state is refused with 412."`
}

// ErrStale is the refusal of a change that was meant for another state.
var ErrStale = problem.New(problem.Stale, "api.stale")

//words: api.stale

// Revision is the one meant; one that there never is for what is no ETag of a revision.
func (m IfMatch) Revision() int {
	n, err := strconv.Atoi(strings.Trim(strings.TrimPrefix(m.IfMatch, "W/"), `"`))
	if err != nil {
		return -1
	}
	return n
}

// Paging is which part of a list a program wants.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"How many items a page has at most."`
	Cursor string `query:"cursor" maxLength:"200" doc:"The \"next\" of the page before; without it the list begins."`
}

// Items are a page of a list.
type Items[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
}

// After is what the cursor stands for: the key of the last item before the page, "" at the beginning. Errors: Invalid for what is no cursor.
func (p Paging) After() (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	if err != nil {
		return "", errCursor()
	}
	return string(raw), nil
}

func errCursor() error {
	var f problem.Fields
	f.Add("cursor", "api.cursor")
	return f.Err()
}

// Cut makes a page of items that may be one more than the page holds.
func Cut[S, T any](p Paging, list []S, key func(S) string, show func(S) T) *Items[T] {
	page := &Items[T]{Items: []T{}}
	for _, x := range list[:min(p.Limit, len(list))] {
		page.Items = append(page.Items, show(x))
	}
	if len(list) > p.Limit {
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(key(list[p.Limit-1])))
	}
	return page
}

// Slice makes a page of a list that is read whole. Errors: Invalid if the item that the cursor stands for has gone meanwhile.
func Slice[S, T any](p Paging, list []S, key func(S) string, show func(S) T) (*Items[T], error) {
	after, err := p.After()
	if err != nil {
		return nil, err
	}
	if after != "" {
		at := slices.IndexFunc(list, func(x S) bool { return key(x) == after })
		if at < 0 {
			return nil, errCursor()
		}
		list = list[at+1:]
	}
	return Cut(p, list, key, show), nil
}
