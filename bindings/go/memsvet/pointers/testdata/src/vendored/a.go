package vendored

import mems "github.com/libmems/libmems/bindings/go"

var _, _ = mems.New[string](nil) // want `mems.New cannot have string: string is string`
