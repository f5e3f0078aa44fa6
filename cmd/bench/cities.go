package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// installation is a database with so many cities, and the file of settings that leads the program to it.
type installation struct {
	settings
	file  string
	hosts []string // of the imported cities
}

// cities compares an installation that holds every comune with one that holds a single one, made from the same template.
func (b *bench) cities(ctx context.Context) error {
	many, seconds, err := b.found(ctx, "many", b.comuni, cities)
	if err != nil {
		return err
	}
	b.report.add(figure{
		Section: "import", Name: fmt.Sprintf("%d comuni", len(many.hosts)), Unit: "s", Ours: seconds, Goal: atMost(120, 60),
		Note: fmt.Sprintf("%.2f ms a city", seconds*1000/float64(len(many.hosts))),
	})
	if !b.wants("cities") {
		return nil
	}
	one, _, err := b.found(ctx, "one", 1, nil)
	if err != nil {
		return err
	}
	if err := b.memory(ctx, many); err != nil {
		return err
	}
	for _, uncached := range []bool{true, false} {
		if err := b.spread(ctx, many, one, uncached); err != nil {
			return err
		}
	}
	return b.starts(ctx, many)
}

// found makes an installation with the program's own commands, and tells how long the import took.
func (b *bench) found(ctx context.Context, name string, comuni int, folders []string) (*installation, float64, error) {
	i := &installation{settings: b.house.settings}
	var err error
	if i.Owner, i.Database, err = b.house.postgres.CreateDatabase(ctx, name); err != nil {
		return nil, 0, err
	}
	if i.file, err = i.write(b.dir, name+".env"); err != nil {
		return nil, 0, err
	}
	steps := [][]string{{"migrate"}}
	for _, slug := range folders {
		steps = append(steps, []string{"city", "apply", "tenants/cities/" + slug})
	}
	for _, args := range steps {
		if _, err := b.tell(ctx, i.file, args...); err != nil {
			return nil, 0, err
		}
	}
	args := []string{"city", "import"}
	if comuni > 0 {
		args = append(args, "--limit", strconv.Itoa(comuni))
	}
	started := time.Now()
	if _, err := b.tell(ctx, i.file, args...); err != nil {
		return nil, 0, err
	}
	seconds := time.Since(started).Seconds()
	if err := analyse(ctx, i.Owner); err != nil {
		return nil, 0, err
	}
	i.hosts, err = b.hosts(ctx, i.file)
	return i, seconds, err
}

// tell runs the program and gives what it prints.
func (b *bench) tell(ctx context.Context, file string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, b.binary, append([]string{"--env-file", file}, args...)...) //nolint:gosec // our own program
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("welfarex %s: %w", strings.Join(args, " "), err)
	}
	return string(out), nil
}

// hosts are the primary hosts of the cities that were imported, in an order that has nothing to do with how they lie in the database.
func (b *bench) hosts(ctx context.Context, file string) ([]string, error) {
	out, err := b.tell(ctx, file, "city", "hosts")
	if err != nil {
		return nil, err
	}
	applied := map[string]bool{}
	for _, slug := range cities {
		applied[host(slug)] = true
	}
	var hosts []string
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 0 && !applied[fields[0]] {
			hosts = append(hosts, fields[0])
		}
	}
	if len(hosts) == 0 {
		return nil, errors.New("no city was imported")
	}
	shuffled := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same order every time
	shuffled.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
	return hosts, nil
}

// templateSheet is a service that the template gives every city.
func templateSheet(addr, host string) (string, error) {
	list, err := fetch(addr, call{Host: host, Path: "/servizi"})
	if err != nil {
		return "", err
	}
	const mark = `href="/servizi/`
	_, rest, ok := strings.Cut(string(list), mark)
	slug, _, _ := strings.Cut(rest, `"`)
	if !ok || slug == "" {
		return "", errors.New("the list of an imported city leads to no service")
	}
	return "/servizi/" + slug, nil
}

// rounds of home, list and sheet over all hosts: every page of every host comes once before any comes again.
func over3(hosts []string, sheet string) func(int) call {
	paths := []string{"/", "/servizi", sheet}
	return func(n int) call {
		return call{Host: hosts[n%len(hosts)], Path: paths[(n+n/len(hosts))%len(paths)], Gzip: true}
	}
}

// spread compares latencies of requests spread over all cities with those of a single one with the same rows.
func (b *bench) spread(ctx context.Context, many, one *installation, uncached bool) error {
	var loads [2]*load
	for n, i := range []*installation{many, one} {
		c, err := spawn(ctx, b.dir, childTask{Settings: i.settings, Uncached: uncached})
		if err != nil {
			return err
		}
		defer func() { _ = c.stop() }()
		sheet, err := templateSheet(c.addr, i.hosts[0])
		if err != nil {
			return err
		}
		loads[n] = newLoad(c.addr, b.workers, over3(i.hosts, sheet))
	}
	pairs, err := interleave(2*b.rounds, b.stretch, loads[0], loads[1])
	if err != nil {
		return err
	}
	how := "from memory where it fits"
	if uncached {
		how = "rendered"
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	for _, q := range []struct {
		name string
		of   func(slice) float64
		goal *goal
	}{
		{"p50", func(s slice) float64 { return ms(s.p50) }, atMost(1.25, 1.1)}, {"p99", func(s slice) float64 { return ms(s.p99) }, nil},
	} {
		ratio := over(pairs, func(p pair) float64 { return q.of(p.ours) / q.of(p.theirs) })
		f := figure{
			Section: "cities", Name: fmt.Sprintf("%d : 1, %s, %s", len(many.hosts), q.name, how), Unit: "ms", Ratio: &ratio,
			Ours: over(pairs, func(p pair) float64 { return q.of(p.ours) }).Median, Theirs: over(pairs, func(p pair) float64 { return q.of(p.theirs) }).Median,
			Note: fmt.Sprintf("%d requests", loads[0].next),
		}
		if uncached {
			f.Goal = q.goal
		}
		b.report.add(f)
	}
	return nil
}

// memory measures how a server grows with the cities that people visit, and what a city takes in all.
func (b *bench) memory(ctx context.Context, many *installation) error {
	few, err := spawn(ctx, b.dir, childTask{Settings: b.house.settings})
	if err != nil {
		return err
	}
	defer func() { _ = few.stop() }()
	var demo []string
	for _, slug := range cities {
		demo = append(demo, host(slug))
	}
	if err := b.visit(few.addr, demo, "/servizi"); err != nil {
		return err
	}
	base, err := few.resident()
	if err != nil {
		return err
	}
	c, err := spawn(ctx, b.dir, childTask{Settings: many.settings})
	if err != nil {
		return err
	}
	defer func() { _ = c.stop() }()
	sheet, err := templateSheet(c.addr, many.hosts[0])
	if err != nil {
		return err
	}
	all := len(many.hosts)
	var visited, kilobytes []float64
	for _, share := range []int{0, all / 4, all / 2, all * 3 / 4, all} {
		from := 0
		if len(visited) > 0 {
			from = int(visited[len(visited)-1])
		}
		if err := b.visit(c.addr, many.hosts[from:share], sheet); err != nil {
			return err
		}
		kb, err := c.resident()
		if err != nil {
			return err
		}
		visited, kilobytes = append(visited, float64(share)), append(kilobytes, kb)
	}
	var trace []string
	for i := range visited {
		trace = append(trace, fmt.Sprintf("%.0f: %.1f MB", visited[i], kilobytes[i]/1024))
	}
	b.report.add(
		figure{Section: "cities", Name: "resident, slope over cities visited", Unit: "KB a city", Ours: slope(visited, kilobytes), Goal: atMost(20, 8), Note: strings.Join(trace, ", ")},
		figure{
			Section: "cities", Name: "resident, in all", Unit: "KB a city", Ours: (kilobytes[len(kilobytes)-1] - base) / float64(all), Goal: atMost(20, 8),
			Note: fmt.Sprintf("all visited, less a server of nine cities (%.1f MB)", base/1024),
		},
	)
	return nil
}

// visit opens home, list and a sheet of each host, as a browser would.
func (b *bench) visit(addr string, hosts []string, sheet string) error {
	client := fasthttp.HostClient{Addr: addr, ReadTimeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	errs := make([]error, b.workers)
	var group sync.WaitGroup
	for w := range b.workers {
		group.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= len(hosts) {
					return
				}
				for _, path := range []string{"/", "/servizi", sheet} {
					if _, err := ask(&client, call{Host: hosts[n], Path: path, Gzip: true}); err != nil {
						errs[w] = err
						return
					}
				}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// slope is the least-squares slope of y over x.
func slope(x, y []float64) float64 {
	var sx, sy, sxx, sxy float64
	for i := range x {
		sx, sy, sxx, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i]
	}
	n := float64(len(x))
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// starts compares how long `serve` takes to answer.
func (b *bench) starts(ctx context.Context, many *installation) error {
	nine, err := b.house.write(b.dir, "nine.env")
	if err != nil {
		return err
	}
	var ours, theirs, ratios []float64
	for range 5 {
		o, err := b.start(ctx, many.file)
		if err != nil {
			return err
		}
		t, err := b.start(ctx, nine)
		if err != nil {
			return err
		}
		ours, theirs, ratios = append(ours, o), append(theirs, t), append(ratios, o/t)
	}
	ratio := spreadOf(ratios)
	b.report.add(figure{
		Section: "cities", Name: fmt.Sprintf("start with %d cities : %d", len(many.hosts)+len(cities), len(cities)), Unit: "ms",
		Ours: spreadOf(ours).Median, Theirs: spreadOf(theirs).Median, Ratio: &ratio,
	})
	return nil
}

// start gives the milliseconds until the program is ready.
func (b *bench) start(ctx context.Context, file string) (float64, error) {
	p, err := b.serve(ctx, file)
	if err != nil {
		return 0, err
	}
	return p.ready.Seconds() * 1000, p.stop()
}

// served is a running `welfarex serve`.
type served struct {
	cmd   *exec.Cmd
	port  string
	ready time.Duration // from the call to the first answer
}

// serve starts the program and waits until it is ready.
func (b *bench) serve(ctx context.Context, file string) (*served, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // only to learn of a free port
	if err != nil {
		return nil, err
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if err := l.Close(); err != nil {
		return nil, err
	}
	binary, err := filepath.Abs(b.binary)
	if err != nil {
		return nil, err
	}
	s := &served{cmd: exec.CommandContext(ctx, binary, "--env-file", file, "serve", "--no-work"), port: port} //nolint:gosec // our own program
	s.cmd.Env = append(os.Environ(), "WELFAREX_ADDR=127.0.0.1:"+port, "WELFAREX_BASE_URL=http://localhost:"+port, "WELFAREX_LOG=error")
	s.cmd.Stderr = os.Stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	err = eventually(ctx, func() bool {
		res, err := http.Get("http://127.0.0.1:" + port + "/readyz") //nolint:noctx,gosec // our own
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	s.ready = time.Since(started)
	return s, err
}

func (s *served) stop() error {
	return errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
}
