"""Sessions of public agent benchmarks, run with a scripted model and recorded by agent_audit."""
