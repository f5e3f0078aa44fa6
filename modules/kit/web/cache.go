package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/klauspost/compress/gzip"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

// The page cache keeps anonymous pages, compressed. Its key begins with the city and its version: another city cannot
// meet it, and any change that a visitor could see starts afresh in every process.
const (
	cachedPages   = 2048
	cachedMaxSize = 64 << 10 // compressed
	cachedMaxKey  = 1 << 10
	cachedFor     = time.Minute // "open now" is never older than this
)

type pageKey struct {
	city    uuid.UUID
	version int64
	lang    string
	address string // path and query as they were sent: fasthttp's tidied path is not the one that was routed
}

type cachedPage struct {
	gzip        []byte
	contentType string
	etag        string
	at          time.Time
}

type pageCache struct {
	*lru.Cache[pageKey, cachedPage]
}

func newPageCache() *pageCache {
	c, _ := lru.New[pageKey, cachedPage](cachedPages) // fails only for a size below one
	return &pageCache{c}
}

// cached answers from memory, or renders and remembers. Headers that the page sets, but for its content type, are not remembered.
func (s *Server) cached(r *Request, route Route) error {
	if !acceptsGzip(r.http) {
		return route.Handle(r)
	}
	key := pageKey{r.City.ID, r.City.Version, r.Lang, target(r.http)}
	page, ok := s.cache.Get(key)
	if !ok || time.Since(page.at) > cachedFor {
		if err := route.Handle(r); err != nil {
			return err
		}
		if r.http.Response().StatusCode() != fiber.StatusOK {
			return compress(r.http)
		}
		body := r.http.Response().Body()
		page = cachedPage{gzip: gzipped(body), contentType: string(r.http.Response().Header.ContentType()), at: time.Now()}
		sum := sha256.Sum256(page.gzip)
		page.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		if len(page.gzip) <= cachedMaxSize && len(key.address) <= cachedMaxKey {
			s.cache.Add(key, page)
		}
	}
	c := r.http
	c.Set(fiber.HeaderETag, page.etag)
	c.Response().Header.SetContentType(page.contentType)
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), page.etag) {
		c.Response().ResetBody()
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentEncoding, "gzip")
	c.Response().SetBodyRaw(page.gzip)
	return nil
}

func acceptsGzip(c *fiber.Ctx) bool { return ui.Accepts(c.Get(fiber.HeaderAcceptEncoding), "gzip") }

// packed are the types that would not become smaller.
var packed = regexp.MustCompile(`^(image/(png|jpeg)|application/(pdf|zip))`)

// compress packs a page for a browser that unpacks it.
func compress(c *fiber.Ctx) error {
	body := c.Response().Body()
	if len(body) < 1024 || !acceptsGzip(c) || len(c.Response().Header.ContentEncoding()) > 0 || packed.Match(c.Response().Header.ContentType()) {
		return nil
	}
	c.Set(fiber.HeaderContentEncoding, "gzip")
	c.Response().SetBodyRaw(gzipped(body))
	return nil
}

var gzips = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, 5); return w }}

func gzipped(body []byte) []byte {
	var out bytes.Buffer
	out.Grow(len(body) / 4)
	w := gzips.Get().(*gzip.Writer)
	defer gzips.Put(w)
	w.Reset(&out)
	if _, err := w.Write(body); err != nil {
		panic(fmt.Sprintf("gzip into memory: %v", err))
	}
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("gzip into memory: %v", err))
	}
	return out.Bytes()
}
