package web

import (
	"github.com/gofiber/fiber/v2"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

const forever = "public, max-age=31536000, immutable"

// static serves built assets: their names hold their hash, so they never change.
func static(c *fiber.Ctx) error {
	body, contentType, encoding, ok := ui.Static(c.Params("name"), c.Get(fiber.HeaderAcceptEncoding))
	if !ok {
		return problem.ErrNotFound
	}
	c.Set(fiber.HeaderCacheControl, forever)
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	c.Set(fiber.HeaderContentType, contentType)
	if encoding != "" {
		c.Set(fiber.HeaderContentEncoding, encoding)
	}
	c.Response().SetBodyRaw(body)
	return nil
}

// theme serves the city's colours, under a name that holds their hash.
func theme(c *fiber.Ctx) error {
	city := c.Locals(localRequest).(*Request).City
	css, hash := ui.Theme(city.Brand.Primary, city.Brand.Accent)
	if c.Params("name") != hash+".css" {
		return problem.ErrNotFound
	}
	c.Set(fiber.HeaderCacheControl, forever)
	c.Set(fiber.HeaderContentType, "text/css; charset=utf-8")
	return c.SendString(css)
}
