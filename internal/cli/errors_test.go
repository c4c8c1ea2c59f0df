package cli_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"breakwater/internal/cli"
	"breakwater/internal/seal"
	"breakwater/internal/store"
)

// Whatever goes wrong, a person is told one line that ends in what to do next,
// and is told it once.
func TestSentencesEndInWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("append: %w", store.ErrFull), "append: the disk is full: free some space, then try again"},
		{fmt.Errorf("append: %w: make room and try again, nothing was lost", store.ErrFull), "append: the disk is full: make room and try again, nothing was lost"},
		{fmt.Errorf("append: %w", context.Canceled), "append: context canceled: start it again when you are ready"},
		{fmt.Errorf("read a: %w", fs.ErrNotExist), "read a: file does not exist: check the name"},
		{fmt.Errorf("load keys: %w", seal.ErrOpen), "load keys: sealed bytes do not open under this key: it was damaged or altered: restore a backup into another folder"},
		{errors.New("two\nlines"), "two lines: run `breakwater fsck`, and report this line if it comes again"},
	} {
		if got := cli.Sentence(c.err); got != c.want || strings.Contains(got, "\n") {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
