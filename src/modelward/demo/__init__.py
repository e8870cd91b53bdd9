"""The demo: real flights, replayed through the real door, with one scripted incident."""
