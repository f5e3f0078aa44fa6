package web

import (
	"bytes"

	"github.com/gofiber/fiber/v2"
)

// oneLength refuses a request that gives its length twice, as a number and in chunks, or goes on with a header on a second line, and
// hangs up: a proxy before us may have believed the other one, and then what follows on the connection is not what it seems.
func oneLength(c *fiber.Ctx) error {
	raw := bytes.ToLower(c.Request().Header.RawHeaders())
	twice := bytes.Contains(raw, []byte("transfer-encoding:")) && bytes.Contains(raw, []byte("content-length:"))
	if twice || bytes.Contains(raw, []byte("\n ")) || bytes.Contains(raw, []byte("\n\t")) {
		c.Context().SetConnectionClose()
		return fiber.ErrBadRequest
	}
	if bytes.Contains(raw, []byte("content-encoding:")) { // whoever unpacked it would trust a stranger's word of how much comes out
		return fiber.ErrUnsupportedMediaType
	}
	return c.Next()
}
