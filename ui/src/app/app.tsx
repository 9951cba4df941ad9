import { QueryClientProvider, useQuery } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { type FC, useEffect } from "react";
import { sessionOptions, settingsOptions } from "@/api/queries";
import { Failure } from "@/components/states";
import { setLocale } from "@/lib/format";
import { SessionProvider } from "@/lib/scope";
import { useAppearance } from "./appearance";
import type { Begun } from "./first-answers";
import { tellFirstFrame } from "./first-frame";
import type { AppRouter } from "./router";

/** The whole interface. */
export const App: FC<{ begun: Begun; router: AppRouter }> = ({ begun: { client, stop }, router }) => {
  useEffect(() => stop, [stop]);
  return (
    <QueryClientProvider client={client}>
      <Gate router={router} />
    </QueryClientProvider>
  );
};

/** Waits for session and settings, on which everything below may rely. */
const Gate: FC<{ router: AppRouter }> = ({ router }) => {
  const session = useQuery(sessionOptions());
  const settings = useQuery(settingsOptions());
  useAppearance(settings.data ?? { theme: "system", density: "default" });
  const isFailed = session.isError || settings.isError;
  useEffect(() => {
    if (isFailed) tellFirstFrame();
  }, [isFailed]);

  if (session.data && settings.data) {
    setLocale(session.data.locale);
    return (
      <SessionProvider session={session.data} settings={settings.data}>
        <RouterProvider router={router} />
      </SessionProvider>
    );
  }
  if (!isFailed) return null;
  return (
    <main className="alone">
      <Failure
        title="Steward could not start"
        error={session.error ?? settings.error}
        onRetry={() => {
          void session.refetch();
          void settings.refetch();
        }}
      />
    </main>
  );
};
