package places

import (
	"errors"
	"strconv"
)

// span is when a desk is open on one day, in minutes after midnight; 24:00 is 1440.
type span struct{ from, to int }

var errSpan = errors.New("spans must be hh:mm-hh:mm, in order, without overlap")

// parseSpans reads "09:00-12:30" and its like: in order, each ending after it began.
func parseSpans(texts []string) ([]span, error) {
	spans := make([]span, 0, len(texts))
	end := -1
	for _, text := range texts {
		if len(text) != 11 {
			return nil, errSpan
		}
		s := span{minutes(text[:5]), minutes(text[6:])}
		if s.from <= end || s.to <= s.from || s.to > 24*60 {
			return nil, errSpan
		}
		spans, end = append(spans, s), s.to
	}
	return spans, nil
}

func minutes(clock string) int {
	hour, errHour := strconv.Atoi(clock[:2])
	minute, errMinute := strconv.Atoi(clock[3:])
	if errHour != nil || errMinute != nil {
		return -1
	}
	return hour*60 + minute
}
