package web

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// hostPattern is deliberately narrower than the RFC: no user info, no trailing dot, no brackets, no odd spelling.
var hostPattern = regexp.MustCompile(`^([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)(?::[0-9]{1,5})?$`)

// Proxies are the addresses whose forwarded headers count.
type Proxies []netip.Prefix

// ParseProxies takes addresses and networks separated by commas.
func ParseProxies(s string) (Proxies, error) {
	var list Proxies
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if !strings.Contains(part, "/") {
			addr, err := netip.ParseAddr(part)
			if err != nil {
				return nil, err
			}
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, err
		}
		list = append(list, prefix)
	}
	return list, nil
}

func (p Proxies) trusts(c *fiber.Ctx) bool {
	if len(p) == 0 {
		return false
	}
	addr, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	if !ok {
		return false
	}
	addr = addr.Unmap()
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// host gives the host name the client asked for, lower case and without port, or "". It reads the raw header: forwarded
// headers count only from a trusted proxy, and a target in absolute form must agree.
func (p Proxies) host(c *fiber.Ctx) string {
	raw := string(c.Request().Header.Host())
	if uri := string(c.Request().Header.RequestURI()); !strings.HasPrefix(uri, "/") && uri != "*" {
		rest, ok := strings.CutPrefix(uri, "http://")
		if !ok {
			return ""
		}
		authority, _, _ := strings.Cut(rest, "/")
		if !strings.EqualFold(authority, raw) {
			return ""
		}
	}
	if p.trusts(c) {
		if forwarded := c.Get("X-Forwarded-Host"); forwarded != "" {
			raw = forwarded
		}
	}
	m := hostPattern.FindStringSubmatch(strings.ToLower(raw))
	if m == nil {
		return ""
	}
	return m[1]
}

// client is the address to throttle by.
func (p Proxies) client(c *fiber.Ctx) string {
	if p.trusts(c) {
		parts := strings.Split(c.Get(fiber.HeaderXForwardedFor), ",")
		if addr, err := netip.ParseAddr(strings.TrimSpace(parts[len(parts)-1])); err == nil {
			return addr.String()
		}
	}
	return c.Context().RemoteIP().String()
}
