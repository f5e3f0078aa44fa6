package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"

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

// paramName is a parameter in fiber's pattern.
var paramName = regexp.MustCompile(`:(\w+)`)

// dashed makes a name of a path: /orders/:id/payment is -orders-by-id-payment.
var dashed = strings.NewReplacer("/:", "-by-", "/", "-")

// operation is the row as OpenAPI tells it.
func (row Route) operation() huma.Operation {
	path := paramName.ReplaceAllString(row.Path, "{$1}")
	op := huma.Operation{
		OperationID: strings.ToLower(row.Method) + dashed.Replace(strings.TrimPrefix(row.Path, APIPath)), Method: row.Method, Path: path, Summary: row.About, Tags: []string{group(row.Path)},
		Errors: []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
	if row.Method == http.MethodGet {
		op.Responses = map[string]*huma.Response{"304": {Description: "It is as If-None-Match says."}}
	}
	if len(row.Form) > 0 {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if row.Creates {
		op.DefaultStatus = http.StatusCreated
	}
	if len(row.Params) > 0 {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if row.Scope != "" {
		op.Security = []map[string][]string{{"key": {row.Scope}}}
		op.Errors = append(op.Errors, http.StatusForbidden)
	}
	if row.Method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	if row.Matches {
		op.Errors = append(op.Errors, http.StatusPreconditionFailed)
	}
	if row.needsKey() {
		longest := longestKey
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: keyHeader, In: "header", Required: true, Schema: &huma.Schema{Type: "string", MaxLength: &longest},
			Description: "A text of your own, a new one for each thing to be done. Sent again within 48 hours with the same body, the request is answered as before and not done again; with another body it is refused.",
		})
	}
	return op
}

// group is the heading under which an operation stands: the first word of its path.
func group(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, APIPath+"/"), "/")
	return name
}

// fieldsOf gives the names of the query parameters and of the body's properties that an input takes, and what those are.
func fieldsOf(in reflect.Type) (query, body []string, types map[string]string) {
	types = map[string]string{}
	for i := range in.NumField() {
		f := in.Field(i)
		switch name, ok := f.Tag.Lookup("query"); {
		case ok:
			name, _, _ = strings.Cut(name, ",")
			query = append(query, name)
		case f.Name == "Body":
			for i := range f.Type.NumField() {
				name, _, _ := strings.Cut(f.Type.Field(i).Tag.Get("json"), ",")
				body, types[name] = append(body, name), jsonType(f.Type.Field(i).Type)
			}
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			q, _, _ := fieldsOf(f.Type)
			query = append(query, q...)
		}
	}
	return query, body, types
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Slice:
		return "array"
	}
	return "string"
}
