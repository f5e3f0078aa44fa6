// Command welfarex is the whole program: it serves cities, works on their jobs, opens and changes them.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is what the program can be told to do; the words of --help are in locales/.
type commands struct {
	EnvFile string `name:"env-file" placeholder:"FILE" help:"${env_file}"`

	Serve       serveCommand       `cmd:"" help:"${serve}"`
	Work        workCommand        `cmd:"" help:"${work}"`
	Migrate     migrateCommand     `cmd:"" help:"${migrate}"`
	City        cityCommands       `cmd:"" help:"${city}"`
	Ledger      ledgerCommands     `cmd:"" help:"${ledger}"`
	Demo        demoCommand        `cmd:"" help:"${demo}"`
	Routes      routesCommand      `cmd:"" help:"${routes}"`
	Config      configCommand      `cmd:"" help:"${config}"`
	Healthcheck healthcheckCommand `cmd:"" help:"${healthcheck}"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run does what args say and gives the exit status: 0, 1 for a failure, 2 for a wrong call.
func run(ctx context.Context, args []string) int {
	say := cliVoice()
	var c commands
	parser, err := kong.New(&c, kong.Name("welfarex"), kong.Description(say.T("cli.about")), kong.UsageOnError(), cliVars(say),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.Bind(say))
	if err != nil {
		panic(err)
	}
	call, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	if c.EnvFile != "" {
		if err := loadEnvFile(c.EnvFile); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	config, err := readConfig()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	setLog(config)
	call.Bind(config)
	if err := call.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, say.Error(err))
		return 1
	}
	return 0
}

func setLog(c Config) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})))
}
