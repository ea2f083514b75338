// Reads dashboards as Grafana's own published types read them, strictly: a field they do not know, one that is missing
// and one of another type are told, one a line, with its place. Made by `make engines`; exit 1 when there is any.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

func main() {
	// What is not registered here is not read strictly: a panel of another kind has to be added.
	kinds := cog.NewRuntime()
	kinds.RegisterPanelcfgVariant(stat.VariantConfig())
	kinds.RegisterPanelcfgVariant(timeseries.VariantConfig())
	kinds.RegisterDataqueryVariant(prometheus.VariantConfig())
	wrong := 0
	for _, path := range os.Args[1:] {
		raw, err := os.ReadFile(path)
		if err != nil {
			fmt.Println(err)
			os.Exit(2)
		}
		var read dashboard.Dashboard
		// The types give an empty error for "nothing is wrong".
		for _, err := range []error{read.UnmarshalJSONStrict(raw), read.Validate()} {
			if err != nil && err.Error() != "" {
				fmt.Println(err)
				wrong = 1
			}
		}
		fmt.Printf("%d panels\n", len(read.Panels))
	}
	os.Exit(wrong)
}
