"""History, markers, alerts and requests: what the Monitor page and exports show."""
