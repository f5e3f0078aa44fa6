package web

import (
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
)

const documentText = `One address, one city: every city of an installation answers at its own host, with its own services, providers and people.

- **Keys.** What everybody may see needs no key. For all else, a person makes a key in their own area, chooses what it may do, and a program sends it as ` + "`Authorization: Bearer wx_…`" + `. It can do no more than its person, at that moment; they end it whenever they like.
- **Money** is whole cents of euro. Times are UTC, days are those of Italy.
- **Sending again.** A POST carries an ` + "`Idempotency-Key`" + `. Sent again with the same body it is answered as before, with ` + "`Idempotent-Replayed: true`" + `.
- **Lists** come in pages: ` + "`next`" + `, where there is one, is the ` + "`cursor`" + ` of the next page.
- **Not changed?** Answers have an ` + "`ETag`" + `; with ` + "`If-None-Match`" + ` you hear 304.
- **Limits.** ` + "`X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset`" + ` (seconds) count the requests of a minute; beyond, 429 with ` + "`Retry-After`" + `.
- **No.** Refusals are problems (RFC 9457); compare their ` + "`code`" + `. What is not yours is not there: 404.
- **Language.** Texts come in Italian, or in English with ` + "`Accept-Language: en`" + ` where the city has them.`

// describe begins the document of the operations.
func describe() huma.Config {
	config := huma.DefaultConfig("WelfareX", "1.0.0")
	config.Info.Description = documentText
	config.OpenAPIPath, config.DocsPath, config.SchemasPath, config.CreateHooks = "", "", "", nil
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"key": {Type: "http", Scheme: "bearer", Description: "A key that a person made in their own area."},
	}
	return config
}

// written is the document as it is sent.
func written(config huma.Config) []byte {
	raw, err := json.Marshal(config.OpenAPI)
	if err != nil {
		panic("web: describe the API: " + err.Error())
	}
	return raw
}
