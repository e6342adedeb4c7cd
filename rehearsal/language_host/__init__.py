"""The Python language host that runs our programs where no full Pulumi installation brings its own.

The engine starts it as `pulumi-language-python` and speaks `pulumirpc.LanguageRuntime` to it (Pulumi's
`proto/pulumi/language.proto`). It is only used together with the CLI that the set-up builds; a user's own
Pulumi keeps its own host, and both run the same programs.
"""
