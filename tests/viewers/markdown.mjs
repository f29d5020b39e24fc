// Renders Markdown as GitHub does: its tables, its links of bare addresses, names and numbers, and what it sanitizes.
// Reads a JSON list of texts, and writes the list of their HTML.
import { json } from "node:stream/consumers";
import rehypeRaw from "rehype-raw";
import rehypeSanitize from "rehype-sanitize";
import rehypeStringify from "rehype-stringify";
import remarkGfm from "remark-gfm";
import remarkGithub from "remark-github";
import remarkParse from "remark-parse";
import remarkRehype from "remark-rehype";
import { unified } from "unified";

const github = unified()
  .use(remarkParse)
  .use(remarkGfm)
  .use(remarkGithub, { repository: "owner/repo" })
  .use(remarkRehype, { allowDangerousHtml: true })
  .use(rehypeRaw)
  .use(rehypeSanitize)
  .use(rehypeStringify);
const texts = await json(process.stdin);
process.stdout.write(JSON.stringify(texts.map((text) => String(github.processSync(text)))));
