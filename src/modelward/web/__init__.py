"""The dashboard: server-rendered pages, small charts as inline SVG, one large chart in the browser."""
