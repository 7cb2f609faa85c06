package mems

// An Option says how a heap or space is made.
type Option func(*options) error

type options struct {
	name       string
	maximum    int64 // bytes of memory, its own state included
	hard, soft int64
	onSoft     func(used int64)
	rate       int // bytes between samples of the profile
}

// Name is what errors, statistics and reports call it.
func Name(name string) Option {
	return func(o *options) error {
		o.name = name
		return nil
	}
}

// Maximum is how many bytes it may ever have, of which some percent are its own
// state. Only addresses are taken at once, memory when it is needed. Without it
// the maximum is 64 GiB, or what addresses there are.
func Maximum(bytes int64) Option {
	return func(o *options) error {
		if bytes < minimumRegion || bytes > maximumRegion {
			return ErrOption
		}
		o.maximum = bytes
		return nil
	}
}

// Limit makes allocations fail with ErrLimit that would take more than so many
// bytes into use, in blocks and slabs.
func Limit(bytes int64) Option {
	return func(o *options) error {
		if bytes <= 0 {
			return ErrOption
		}
		o.hard = bytes
		return nil
	}
}

// SoftLimit calls f, with the bytes in use, after an allocation took them above
// so many; once, until use has fallen below again. No lock is held.
func SoftLimit(bytes int64, f func(used int64)) Option {
	return func(o *options) error {
		if bytes <= 0 || f == nil {
			return ErrOption
		}
		o.soft, o.onSoft = bytes, f
		return nil
	}
}

// Profile puts about one block in so many bytes into the pprof profile "mems",
// with the stack that allocated it, for as long as the block lives; 0, the
// default, puts none. The profile counts samples: each stands for about so many
// bytes. Of blocks that come from a cache's supply only those that began one are
// sampled, and memory of arenas is not.
func Profile(rate int) Option {
	return func(o *options) error {
		if rate < 0 {
			return ErrOption
		}
		o.rate = rate
		return nil
	}
}

const (
	growth        = 64 << 10 // bytes had of the system at a time, at least
	minimumRegion = 256 << 10
	maximumRegion = 64 << 30
)

func optionsOf(list []Option) (options, error) {
	var o options
	for _, option := range list {
		if option == nil {
			return o, ErrOption
		}
		if err := option(&o); err != nil {
			return o, err
		}
	}
	if o.soft > 0 && o.hard > 0 && o.soft > o.hard {
		return o, ErrOption
	}
	return o, nil
}
