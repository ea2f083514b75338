// One GET with a capability token; `mended` sets the proxy by hand.
if (process.argv.includes("mended")) {
  const { EnvHttpProxyAgent, setGlobalDispatcher } = await import("undici");
  setGlobalDispatcher(new EnvHttpProxyAgent());
}
const answer = await fetch(process.env.URL, { headers: { "AISecOps-Capability": process.env.CAPABILITY } });
if (!answer.ok) throw new Error(`status ${answer.status}: ${await answer.text()}`);
