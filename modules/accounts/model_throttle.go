package accounts

import (
	"crypto/sha256"
	"net/netip"
	"time"
)

// limit is how many attempts are taken from one key within a while.
type limit struct {
	what  string
	hits  int
	every time.Duration
}

// Limits are counted in each city by itself. Those by client are wide: a whole access point sits behind one address.
var (
	loginByAccount  = limit{"login", 10, 15 * time.Minute}
	loginByClient   = limit{"login-client", 100, 15 * time.Minute}
	codeByAccount   = limit{"code", 8, 15 * time.Minute}
	checkByAccount  = limit{"password", 10, 15 * time.Minute} // the own password, asked again for a grave change
	mailByAddress   = limit{"mail", 5, time.Hour}
	verifyByAccount = limit{"verify", 1, 5 * time.Minute} // the same mail twice helps nobody
	mailByClient    = limit{"mail-client", 120, time.Hour}
	tokenByClient   = limit{"token-client", 120, time.Hour}
	inviteByAccount = limit{"invite", 60, time.Hour}
)

// key names who is counted, without keeping an address or a name.
func (l limit) key(who string) []byte {
	sum := sha256.Sum256([]byte(l.what + "\x00" + who))
	return sum[:]
}

// client is an address as it is counted: an IPv6 caller owns a whole /64.
func client(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil || addr.Unmap().Is4() {
		return address
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// Throttled is ErrTooMany with how long to wait.
type Throttled struct{ Wait time.Duration }

func (t *Throttled) Error() string { return ErrTooMany.Error() }
func (t *Throttled) Unwrap() error { return ErrTooMany }

// waitOf rounds up to whole minutes, so that whoever waits that long is let in.
func waitOf(left time.Duration) time.Duration {
	return max(time.Minute, (left + time.Minute - 1).Truncate(time.Minute))
}
