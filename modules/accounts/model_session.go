package accounts

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// Session is a login on one device, in one city.
type Session struct {
	ID      uuid.UUID
	Account uuid.UUID
	Strong  bool   // the second factor was given
	Agent   string // "Firefox · Windows"
	Created time.Time
	Seen    time.Time // to a few minutes
	Idle    time.Duration
	Expires time.Time
}

// How long a login lasts: staff see other people's lives, so theirs is short.
const (
	citizenLasts = 14 * 24 * time.Hour
	citizenIdle  = 24 * time.Hour
	staffLasts   = 12 * time.Hour
	staffIdle    = time.Hour
	halfwayLasts = 30 * time.Minute // between the password and the second factor
	seenEvery    = 5 * time.Minute
)

// begin makes a session of an account as it is now: halfway when a second factor must still come.
func begin(id, account uuid.UUID, staff, halfway, strong bool, agent string, now time.Time) Session {
	s := Session{ID: id, Account: account, Strong: strong, Agent: device(agent), Created: now, Seen: now}
	switch {
	case halfway:
		s.Idle, s.Expires = halfwayLasts, now.Add(halfwayLasts)
	case staff:
		s.Idle, s.Expires = staffIdle, now.Add(staffLasts)
	default:
		s.Idle, s.Expires = citizenIdle, now.Add(citizenLasts)
	}
	return s
}

// device shortens what a browser says of itself to what a person recognises.
func device(agent string) string {
	name := firstIn(agent, "Edg/", "Edge", "OPR/", "Opera", "SamsungBrowser", "Samsung Internet", "Firefox", "Firefox", "FxiOS", "Firefox", "CriOS", "Chrome",
		"Chrome", "Chrome", "Safari", "Safari", "curl", "curl")
	system := firstIn(agent, "iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS", "Mac", "CrOS", "ChromeOS", "Linux", "Linux")
	return strings.Trim(name+" · "+system, " ·")
}

// firstIn gives the name of the first sign that is in text; names follow their signs.
func firstIn(text string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.Contains(text, pairs[i]) {
			return pairs[i+1]
		}
	}
	return ""
}
