package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/klauspost/compress/gzip"
)

// The page cache keeps anonymous pages, compressed. Its key begins with the city and its version: another city cannot
// meet it, and any change that a visitor could see starts afresh in every process.
const (
	cachedPages   = 2048
	cachedMaxSize = 64 << 10    // compressed
	cachedFor     = time.Minute // "open now" is never older than this
)

type pageKey struct {
	city    uuid.UUID
	version int64
	lang    string
	address string // path and query
}

type cachedPage struct {
	gzip []byte
	etag string
	at   time.Time
}

type pageCache struct {
	*lru.Cache[pageKey, cachedPage]
}

func newPageCache() *pageCache {
	c, _ := lru.New[pageKey, cachedPage](cachedPages) // fails only for a size below one
	return &pageCache{c}
}

// cached answers from memory, or renders once for all who ask at the same moment and remembers.
func (s *Server) cached(r *Request, route Route) error {
	if !acceptsGzip(r.http) {
		return route.Handle(r)
	}
	key := pageKey{r.City.ID, r.City.Version, r.Lang, string(r.http.Request().URI().RequestURI())}
	page, ok := s.cache.Get(key)
	if !ok || time.Since(page.at) > cachedFor {
		if err := route.Handle(r); err != nil {
			return err
		}
		if r.http.Response().StatusCode() != fiber.StatusOK {
			return compress(r.http)
		}
		body := r.http.Response().Body()
		page = cachedPage{gzip: gzipped(body), at: time.Now()}
		sum := sha256.Sum256(page.gzip)
		page.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		if len(page.gzip) <= cachedMaxSize {
			s.cache.Add(key, page)
		}
	}
	c := r.http
	c.Set(fiber.HeaderETag, page.etag)
	c.Response().Header.SetContentType("text/html; charset=utf-8")
	if strings.Contains(c.Get(fiber.HeaderIfNoneMatch), page.etag) {
		c.Response().ResetBody()
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Set(fiber.HeaderContentEncoding, "gzip")
	c.Response().SetBodyRaw(page.gzip)
	return nil
}

func acceptsGzip(c *fiber.Ctx) bool {
	return strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip")
}

// compress packs a page for a browser that unpacks it.
func compress(c *fiber.Ctx) error {
	body := c.Response().Body()
	if len(body) < 1024 || !acceptsGzip(c) || len(c.Response().Header.ContentEncoding()) > 0 {
		return nil
	}
	packed := gzipped(body)
	c.Set(fiber.HeaderContentEncoding, "gzip")
	c.Response().SetBodyRaw(packed)
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
