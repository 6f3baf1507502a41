complete --keep-order --exclusive --command chapar --arguments "(CHAPAR_COMPLETE=fish chapar -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
