class BaseCallbackHandler:
    raise_error: bool
    run_inline: bool
