package posture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// systemFolders is where programs are looked for; the caller's PATH is not trusted.
var systemFolders = []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// maxOutput bounds what a program may print.
const maxOutput = maxPackages

// Here is the machine that this program runs on.
func Here() Root {
	return Root{FS: os.DirFS("/"), Run: runHere, Now: time.Now, Euid: os.Geteuid(), kernelClock: kernelClock}
}

func runHere(ctx context.Context, name string, args ...string) ([]byte, error) {
	file, err := findProgram(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "LANG=C", "HOME=/nonexistent"}
	cmd.WaitDelay = time.Second
	var out limitedBuffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("run %s: %w", name, err)
	}
	return out.Bytes(), nil
}

func findProgram(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, executable(name)
	}
	for _, dir := range systemFolders {
		file := filepath.Join(dir, name)
		if executable(file) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("find %s: %w", name, exec.ErrNotFound)
}

func executable(file string) error {
	info, err := os.Stat(file)
	if err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		return fmt.Errorf("find %s: %w", filepath.Base(file), exec.ErrNotFound)
	}
	return nil
}

// limitedBuffer refuses to grow past maxOutput; the program is then ended by its broken pipe.
type limitedBuffer struct{ bytes.Buffer }

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxOutput {
		return 0, errTooBig
	}
	return b.Buffer.Write(p)
}
