// Watching
