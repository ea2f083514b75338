// One GET with a capability token.
import axios from "axios";

try {
  await axios.get(process.env.URL, { headers: { "AISecOps-Capability": process.env.CAPABILITY } });
} catch (error) {
  if (error.response) console.log("the body:", JSON.stringify(error.response.data));
  throw new Error(error.message);
}
