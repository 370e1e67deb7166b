// dependencies: openai ws
// openai for Node: chat, streams, tools, the streaming helper, responses, embeddings, files, audio, errors.
import crypto from "node:crypto";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ maxRetries: 0 });
const asked = [{ role: "user", content: "Say ü and 🐼." }];
const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
const tell = (name, value) => console.log(JSON.stringify({ [name]: value }));
const hash = async (response) => {
  const data = Buffer.from(await response.arrayBuffer());
  return [data.length, crypto.createHash("sha256").update(data).digest("hex")];
};
const all = async (stream) => {
  const found = [];
  for await (const one of stream) found.push(one);
  return found;
};

tell("chat", await client.chat.completions.create({ model: "m", messages: asked }));
tell("tool", await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "the weather?" }], tools }));
tell("chunks", await all(await client.chat.completions.create({ model: "m", messages: asked, stream: true })));
tell("helper", await client.chat.completions.stream({ model: "m", messages: asked }).finalChatCompletion());
tell("response", await client.responses.create({ model: "m", input: "Say ü." }));
tell("events", await all(await client.responses.create({ model: "m", input: "Say ü.", stream: true })));
tell("embeddings", await client.embeddings.create({ model: "e", input: ["a", "b"] }));
tell("models", (await all(client.models.list())).map((model) => model.id));
const raw = await client.chat.completions.create({ model: "m", messages: asked }).asResponse();
tell("raw", [raw.status, raw.headers.get("x-request-id"), await raw.text()]);
const file = await client.files.create({ file: await toFile(Buffer.from('{"a": 1}\n'), "lines.jsonl"), purpose: "batch" });
tell("file", file);
tell("content", await hash(await client.files.content(file.id)));
tell("speech", await hash(await client.audio.speech.create({ model: "t", voice: "alloy", input: "Hello." })));
const sound = await toFile(Buffer.alloc(100_000, 7), "sound.mp3");
tell("transcript", await client.audio.transcriptions.create({ model: "w", file: sound }));
tell("twenty at once", await Promise.all([...Array(20).keys()].map((n) =>
  client.chat.completions.create({ model: "m", messages: [{ role: "user", content: `number ${n}` }] }))));
for (const model of ["missing", "limited", "broken"]) {
  try {
    await client.chat.completions.create({ model, messages: asked });
  } catch (error) {
    tell(model, [error.constructor.name, error.status, error.message]);
  }
}
tell("retried", await client.chat.completions.create({ model: "flaky", messages: asked }, { maxRetries: 2 }));
