package web

import (
	"bytes"
	"net/netip"
	"regexp"
	"slices"
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

func (p Proxies) trust(addr netip.Addr) bool {
	return slices.ContainsFunc(p, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// peer is the address at the other end of the connection.
func peer(c *fiber.Ctx) netip.Addr {
	addr, _ := netip.AddrFromSlice(c.Context().RemoteIP())
	return addr.Unmap()
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
	if p.trust(peer(c)) {
		switch forwarded := c.Request().Header.PeekAll("X-Forwarded-Host"); len(forwarded) {
		case 0:
		case 1:
			raw = string(forwarded[0])
		default:
			return ""
		}
	}
	m := hostPattern.FindStringSubmatch(strings.ToLower(raw))
	if m == nil {
		return ""
	}
	return m[1]
}

// client is the address to throttle by: of those that proxies told, the last that is not itself a trusted proxy. What stands before it
// the client may have made up.
func (p Proxies) client(c *fiber.Ctx) string {
	addr := peer(c)
	told := strings.Split(string(bytes.Join(c.Request().Header.PeekAll(fiber.HeaderXForwardedFor), []byte(","))), ",")
	for _, next := range slices.Backward(told) {
		if !p.trust(addr) {
			break
		}
		before, err := netip.ParseAddr(strings.TrimSpace(next))
		if err != nil {
			break
		}
		addr = before.Unmap()
	}
	return addr.String()
}

// target is what the request asks for, as it was sent: path and query, without the authority of the absolute form.
func target(c *fiber.Ctx) string {
	sent := c.OriginalURL()
	if rest, absolute := strings.CutPrefix(sent, "http://"); absolute {
		_, path, _ := strings.Cut(rest, "/")
		return "/" + path
	}
	return sent
}
